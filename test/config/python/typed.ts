// Python's values in the form that reference files have them in.

import { floatText } from '../../../src/config/python/text-form';
import { Dict, Lazy, SetOf, Tuple, type Value } from '../../../src/config/python/values';

export function typed(value: Value): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : { $int: String(value) };
  if (typeof value === 'number') return { $float: floatText(value) };
  if (Array.isArray(value)) return value.map(typed);
  if (value instanceof Tuple) return { $tuple: value.items.map(typed) };
  if (value instanceof SetOf) return { $set: [...value.items.values()].map(typed).sort() };
  if (value instanceof Dict) return { $dict: [...value.pairs()].map(([key, item]) => [typed(key), typed(item)]) };
  return value instanceof Lazy ? value.path : { $code: true };
}
