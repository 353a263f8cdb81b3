// Iteration over Python values.

import { charge, chargeItems } from './budget';
import {
  BaseVariable,
  baseVariableAdvice,
  Dict,
  kindOf,
  PythonError,
  Range,
  SetOf,
  Stream,
  Tuple,
  type Value,
  View,
} from './values';

/** The values of `for x in value`, each charged for. */
export function* iterate(value: Value): Generator<Value, undefined> {
  for (const item of rawItems(value)) {
    charge();
    yield item;
  }
}

function* rawItems(value: Value): Generator<Value> {
  if (typeof value === 'string') yield* value;
  else if (Array.isArray(value)) {
    // as in Python, the loop sees items that are appended during iteration
    for (let i = 0; i < value.length; i++) yield value[i];
  } else if (value instanceof Tuple) yield* value.items;
  else if (value instanceof Dict) yield* dictItems(value, 'keys');
  else if (value instanceof View) yield* dictItems(value.dict, value.kind);
  else if (value instanceof SetOf) yield* value.items.values();
  else if (value instanceof Range) for (let i = 0; i < value.length; i++) yield value.at(i);
  else if (value instanceof Stream) {
    for (let next = value.items.next(); !next.done; next = value.items.next()) yield next.value;
  } else if (value instanceof BaseVariable) throw new PythonError(baseVariableAdvice(value));
  else throw new PythonError(`${kindOf(value)} is not iterable. Expected a list, tuple, dict or string`);
}

function* dictItems(dict: Dict, kind: 'keys' | 'values' | 'items'): Generator<Value> {
  const size = dict.size;
  for (const { key, value } of dict.entries.values()) {
    if (dict.size !== size)
      throw new PythonError('the dictionary changed during iteration. Iterate over list(...) of it');
    yield kind === 'keys' ? key : kind === 'values' ? value : new Tuple([key, value]);
  }
  if (dict.size !== size)
    throw new PythonError('the dictionary changed during iteration. Iterate over list(...) of it');
}

/** The values as a new list. */
export function toList(value: Value): Value[] {
  if (value instanceof Range) chargeItems(value.length);
  const list: Value[] = [];
  for (const item of iterate(value)) {
    list.push(item);
    if (list.length % 1024 === 0) chargeItems(list.length);
  }
  return list;
}

export function lengthOf(value: Value): number {
  if (typeof value === 'string') return characters(value).length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof SetOf) return value.items.size;
  if (value instanceof View) return value.dict.size;
  if (value instanceof Range) return value.length;
  if (value instanceof BaseVariable) throw new PythonError(baseVariableAdvice(value));
  throw new PythonError(`${kindOf(value)} has no length`);
}

/** The characters of a string as in Python, by code point. */
export function characters(text: string): string | string[] {
  if (!/[\ud800-\udfff]/.test(text)) return text;
  charge(text.length);
  return Array.from(text);
}
