// Inheritance between Python values, by the rules of `mergeConfig` for plain data: dictionaries are merged key by key,
// `_delete_` drops the base's value, everything else replaces it.

import { DetLabError } from '../../errors';
import { LIMITS } from '../data';
import { repr } from './text-form';
import { Dict, kindOf, type Origin, PythonError, truth, type Value } from './values';

const DELETE_KEY = '_delete_';

export interface MergeRules {
  /** Name of the child in messages. */
  child: string;
  /** `'0'`, `'1'`, ... are list indices: the rule of `--cfg-options`. */
  listKeys?: boolean;
}

/** `child` merged into a copy of `base`. @throws DetLabError for a dictionary over a value that is not one. */
export function mergeDicts(child: Dict, base: Dict, rules: MergeRules, path = ''): Dict {
  const merged = new Dict();
  for (const { key, value, origin } of base.entries.values()) merged.set(key, value, origin);
  if (path.split('.').length > LIMITS.nesting) throw new PythonError(`values nest deeper than ${LIMITS.nesting}`);
  for (const { key, value, origin } of child.entries.values()) {
    const inherited = base.get(key);
    const at = path ? `${path}.${String(key)}` : String(key);
    // a `_delete_` without a base value stays in the result, as in mmengine
    if (!(value instanceof Dict) || inherited === undefined) {
      merged.set(key, value, origin);
      continue;
    }
    const remove = value.get(DELETE_KEY);
    const rest = withoutDelete(value);
    if (remove !== undefined && truth(remove)) merged.set(key, rest, origin);
    else merged.set(key, mergeOne(rest, inherited, rules, at), inheritedOrigin(merged, key, origin));
  }
  return merged;
}

/** A merged dictionary keeps the base's origin: its entries have those of the changes. */
function inheritedOrigin(merged: Dict, key: Value, origin: Origin | undefined): Origin | undefined {
  return merged.has(key) ? undefined : origin;
}

function withoutDelete(dict: Dict): Dict {
  if (!dict.has(DELETE_KEY)) return dict;
  const rest = new Dict();
  for (const { key, value, origin } of dict.entries.values()) if (key !== DELETE_KEY) rest.set(key, value, origin);
  return rest;
}

function mergeOne(child: Dict, base: Value, rules: MergeRules, path: string): Value {
  if (base instanceof Dict) return mergeDicts(child, base, rules, path);
  if (rules.listKeys && Array.isArray(base)) return mergeIntoList(child, base, rules, path);
  throw new DetLabError(
    `Cannot merge ${rules.child} into its base at ${path}: a dictionary cannot inherit from ${described(base)}. ` +
      `Write the whole value, or add ${DELETE_KEY}=True to the dictionary to replace the base's value`,
  );
}

function mergeIntoList(child: Dict, base: Value[], rules: MergeRules, path: string): Value[] {
  const merged = [...base];
  for (const [key, value] of child.pairs()) {
    const at = `${path}.${String(key)}`;
    const index = /^\d+$/.test(String(key)) ? Number(key) : Number.NaN;
    if (!(index < base.length))
      throw new DetLabError(`Cannot set ${at}: expected an index from 0 to ${base.length - 1} into the list ${path}`);
    const element = merged[index];
    if (!(value instanceof Dict) || !(element instanceof Dict || Array.isArray(element)))
      throw new DetLabError(
        `Cannot set ${at} by its index: expected a dictionary to merge into a dictionary, received ${described(value)} for ` +
          `${described(element)}. Give the whole list: ${path}=[...]`,
      );
    merged[index] = mergeOne(value, element, rules, at);
  }
  return merged;
}

function described(value: Value): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Dict) return 'a dictionary';
  const text = typeof value === 'object' && value !== null ? '' : ` ${repr(value)}`;
  return value === null ? 'None' : `${kindOf(value)}${text.length > 80 ? '' : text}`;
}
