// What a module's definition infers while it is built: the options that its config leaves out, as config values.

/** Numbers, strings, booleans and lists of them: what a config file can hold. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && !Number.isNaN(value));
}

/**
 * @param names options that the definition infers
 * @param given the options of the config
 * @param parsed with their defaults
 * @param inferred after the definition's `infer`
 */
export function inferredValues(
  names: readonly string[],
  given: Readonly<Record<string, unknown>>,
  parsed: Readonly<Record<string, unknown>>,
  inferred: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const filled = Object.entries(inferred).filter(([key, value]) => {
    if (!isPlain(value) || value === parsed[key]) return false;
    const isMissing = given[key] === undefined || given[key] === null;
    // of a given option only the value changes, not the form (a number that becomes a pair)
    return isMissing ? names.includes(key) : !Array.isArray(value) && !Array.isArray(given[key]);
  });
  return Object.fromEntries(filled);
}
