// mmengine's ConfigDict, the type of `_base_` and of an imported base config. Dictionaries set as values become ConfigDicts
// and lists are copied; update() recurses into dictionaries; merge() supports `_delete_`.

import { charge, checkDepth } from './budget';
import { iterate } from './iterate';
import { Dict, type Origin, PythonError, Tuple, truth, type Value } from './values';

/** The value that a ConfigDict stores for a given one. */
export function toConfigValue(value: Value, depth = 0): Value {
  if (value instanceof Dict && !value.config) return configDict(value, depth);
  if (!Array.isArray(value) && !(value instanceof Tuple)) return value;
  checkDepth(depth);
  const items = (Array.isArray(value) ? value : value.items).map((item) => toConfigValue(item, depth + 1));
  return Array.isArray(value) ? items : new Tuple(items);
}

/** A new ConfigDict with the entries of `dict`. */
export function configDict(dict: Dict, depth = 0): Dict {
  checkDepth(depth);
  const made = new Dict();
  made.config = true;
  for (const { key, value, origin } of dict.entries.values()) made.set(key, toConfigValue(value, depth + 1), origin);
  return made;
}

/** ConfigDict.update: recursive in dictionaries. */
export function updateConfig(target: Dict, updates: Iterable<readonly [Value, Value, Origin?]>, depth = 0): void {
  checkDepth(depth);
  for (const [key, value, origin] of [...updates]) {
    charge();
    const known = target.get(key);
    if (known instanceof Dict && value instanceof Dict) {
      if (known.config) updateConfig(known, originPairs(value), depth + 1);
      else for (const [k, v] of [...value.pairs()]) known.set(k, v);
    } else target.set(key, toConfigValue(value), origin);
  }
}

export function* originPairs(dict: Dict): Generator<[Value, Value, Origin?]> {
  for (const { key, value, origin } of dict.entries.values()) yield [key, value, origin];
}

/** ConfigDict.merge: merges `other` into `target`, with `_delete_`. */
export function mergeInto(target: Dict, other: Value): void {
  if (!(other instanceof Dict)) throw new PythonError('merge() takes a dictionary');
  const merged = mergeOver(deepCopy(other), deepCopy(target)) as Dict;
  target.entries.clear();
  for (const [key, value, origin] of originPairs(merged)) target.set(key, toConfigValue(value), origin);
}

function mergeOver(child: Value | undefined, base: Value | undefined, depth = 0): Value {
  if (!(child instanceof Dict)) return (child === undefined ? base : child) as Value;
  checkDepth(depth);
  const remove = child.get('_delete_');
  child.delete('_delete_');
  if (!(base instanceof Dict)) return child;
  if (remove !== undefined && truth(remove)) base.entries.clear();
  const merged = new Dict();
  for (const key of [...base.keys(), ...child.keys()]) {
    if (key === '_delete_' || merged.has(key)) continue;
    merged.set(key, mergeOver(child.get(key), base.get(key), depth + 1));
  }
  return merged;
}

/** copy.deepcopy: values shared inside stay shared. */
export function deepCopy(value: Value, seen = new Map<Value, Value>(), depth = 0): Value {
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  checkDepth(depth);
  if (Array.isArray(value)) {
    const list: Value[] = [];
    seen.set(value, list);
    for (const item of iterate(value)) list.push(deepCopy(item, seen, depth + 1));
    return list;
  }
  if (value instanceof Tuple) {
    const tuple = new Tuple(value.items.map((item) => deepCopy(item, seen, depth + 1)));
    seen.set(value, tuple);
    return tuple;
  }
  if (!(value instanceof Dict)) return value;
  const dict = new Dict();
  dict.config = value.config;
  seen.set(value, dict);
  for (const { key, value: item, origin } of value.entries.values()) {
    const copy = deepCopy(item, seen, depth + 1);
    dict.set(key, value.config ? toConfigValue(copy) : copy, origin);
  }
  return dict;
}
