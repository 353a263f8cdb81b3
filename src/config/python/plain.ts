// Converts Python values to plain data and back: tuples, sets and ranges become lists, an imported class its path.

import { type ConfigObject, type ConfigValue, checkKey, isObject, LIMITS } from '../data';
import { placesOf } from '../places';
import { floatText, repr } from './text-form';
import {
  BaseVariable,
  baseVariableAdvice,
  Callable,
  Dict,
  kindOf,
  Lazy,
  Namespace,
  type Origin,
  PythonError,
  Range,
  SetOf,
  Tuple,
  type Value,
} from './values';

/** @throws PythonError for a value that is not data, with its path. */
export function toPlain(value: Value, path = '', depth = 0): ConfigValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (depth > LIMITS.nesting)
    throw new PythonError(`${path.slice(0, 80)}... nests deeper than ${LIMITS.nesting}, or contains itself`);
  if (value instanceof Dict) return toPlainObject(value, path, depth);
  if (value instanceof Lazy) return value.path;
  const items = listItems(value);
  if (items) return items.map((item, i) => toPlain(item, `${path}[${i}]`, depth + 1));
  if (value instanceof BaseVariable) throw new PythonError(`${path}: ${baseVariableAdvice(value)}`);
  throw new PythonError(
    `${path} is ${kindOf(value)}, which is not data. Write the value itself, or a module's name as a string`,
  );
}

export function toPlainObject(dict: Dict, path = '', depth = 0): ConfigObject {
  const object: ConfigObject = {};
  for (const [key, value] of dict.pairs()) {
    const name = keyText(key);
    checkKey(name, path || 'top level');
    object[name] = toPlain(value, path ? `${path}.${name}` : name, depth + 1);
  }
  return object;
}

/** A key as in JSON. */
export function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  if (typeof key === 'number') return floatText(key);
  if (key instanceof Tuple) return repr(key);
  throw new PythonError(`${kindOf(key)} cannot be a key of a config. Use a string`);
}

/** The items of a value that becomes a list. */
export function listItems(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple) return value.items;
  if (value instanceof SetOf) return [...value.items.values()];
  if (!(value instanceof Range)) return undefined;
  if (value.length > LIMITS.nodes) throw new PythonError(`a range of ${value.length} values is too long for a config`);
  return Array.from({ length: value.length }, (_, i) => value.at(i));
}

/** Plain data with Python's types: integers are ints. */
export function fromPlain(value: ConfigValue): Value {
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(fromPlain);
  return isObject(value) ? fromPlainObject(value) : value;
}

export function fromPlainObject(object: ConfigObject): Dict {
  const dict = new Dict();
  const places = placesOf(object);
  for (const [key, value] of Object.entries(object))
    dict.set(key, fromPlain(value), places?.(key) as Origin | undefined);
  return dict;
}

/** Whether a value is code (a function, a module): such names are omitted from the config, as in mmengine. */
export const isCode = (value: Value): boolean =>
  typeof value === 'object' && value !== null && (value instanceof Namespace || value instanceof Callable);
