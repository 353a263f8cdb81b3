// Names of labels, as files of text data sets have them: { "0": "person", "1": "bicycle" }.

import { DetLabError } from '../errors';

export type LabelMap = Readonly<Record<string, string>>;

/** @throws DetLabError for what is no map from numbers to names */
export function labelMapOf(map: unknown, file: string): LabelMap {
  const isMap =
    typeof map === 'object' &&
    map !== null &&
    Object.entries(map).every(([label, name]) => /^\d+$/.test(label) && typeof name === 'string');
  if (isMap) return map as LabelMap;
  throw new DetLabError(`Cannot use "${file}": expected a map of names such as { "0": "person", "1": "bicycle" }`);
}

/** The names in the order of their labels; a number without one is called by it. */
export function namesByLabel(map: LabelMap): string[] {
  const count = Math.max(-1, ...Object.keys(map).map(Number)) + 1;
  return Array.from({ length: count }, (_, label) => map[label] ?? `class ${label}`);
}
