// Where a value of a config comes from: the file and line that set it, and the values it overrides.

import { DetLabError, didYouMean } from '../errors';
import { keyText } from './python/plain';
import { jsonText } from './python/print';
import { Dict, type Origin, Tuple, type Value } from './python/values';

export interface Setting {
  file: string;
  line: number;
  /** The value as JSON. */
  value: string;
}

export interface Explanation {
  path: string;
  value: string;
  /** The last file that set it; undefined for a value set by none, as from the command line. */
  set?: Setting;
  /** The values it overrides, newest first. */
  overrode: Setting[];
  /** For dictionaries: entries set by other files, with their paths. */
  parts: Setting[];
}

/**
 * @param path dotted: `model.backbone.depth`, `train_pipeline.0.type`.
 * @throws DetLabError with the nearest name when the path does not exist.
 */
export function explainValue(config: Dict, path: string): Explanation {
  let value: Value = config;
  let origin: Origin | undefined;
  let walked = '';
  for (const key of path.split('.')) {
    const [next, at] = step(value, key);
    if (next === undefined) throw nothingAt(value, key, walked, path);
    if (at || value instanceof Dict) origin = at ?? origin;
    value = next;
    walked = walked ? `${walked}.${key}` : key;
  }
  const overrode: Setting[] = [];
  for (let past = origin?.previous; past; past = past.previous)
    if (past.value !== undefined) overrode.push({ file: past.file, line: past.line, value: jsonText(past.value) });
  return {
    path,
    value: jsonText(value),
    set: origin && { file: origin.file, line: origin.line, value: jsonText(value) },
    overrode,
    parts: origin && value instanceof Dict ? partsFrom(value, path, origin.file) : [],
  };
}

function step(value: Value, key: string): [Value | undefined, Origin | undefined] {
  if (value instanceof Dict) {
    const entry = [...value.entries.values()].find((candidate) => keyText(candidate.key) === key);
    return [entry?.value, entry?.origin];
  }
  const items = value instanceof Tuple ? value.items : Array.isArray(value) ? value : [];
  return [/^\d+$/.test(key) ? items[Number(key)] : undefined, undefined];
}

function nothingAt(value: Value, key: string, walked: string, path: string): DetLabError {
  const where = walked ? `under ${walked}` : 'at the top level of the config';
  const keys = value instanceof Dict ? value.keys().map(keyText) : [];
  const known = keys.length
    ? ` Known: ${keys.join(', ')}`
    : Array.isArray(value)
      ? ` It is a list of ${value.length}`
      : '';
  return new DetLabError(`Cannot explain "${path}": there is no "${key}" ${where}.${didYouMean(key, keys)}${known}`);
}

/** Entries that were set by a file other than `file`. */
function partsFrom(dict: Dict, path: string, file: string): Setting[] {
  const parts: Setting[] = [];
  for (const { key, value, origin } of dict.entries.values()) {
    const at = `${path}.${keyText(key)}`;
    if (origin && origin.file !== file)
      parts.push({ file: origin.file, line: origin.line, value: `${at} = ${jsonText(value)}` });
    else if (value instanceof Dict) parts.push(...partsFrom(value, at, file));
  }
  return parts;
}
