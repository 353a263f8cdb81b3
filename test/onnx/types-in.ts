// The parts of detectors.

/** All type names in a config. */
export function typesIn(config: unknown): string[] {
  if (config === null || typeof config !== 'object') return [];
  const { type } = config as { type?: unknown };
  return [...(typeof type === 'string' ? [type] : []), ...Object.values(config).flatMap(typesIn)];
}
