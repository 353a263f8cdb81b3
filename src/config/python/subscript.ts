// Subscripts `value[i]` and slices `value[a:b:c]`: get, set and delete.

import { didYouMean } from '../../errors';
import { chargeItems } from './budget';
import { toConfigValue } from './config-dict';
import { characters, lengthOf, toList } from './iterate';
import { index } from './numbers';
import { repr } from './text-form';
import {
  BaseVariable,
  baseVariableAdvice,
  Dict,
  kindOf,
  type Origin,
  PythonError,
  Range,
  Tuple,
  type Value,
} from './values';

/** Bounds of a slice; null for omitted ones. */
export interface Slice {
  start: Value;
  stop: Value;
  step: Value;
}
export type Index = { slice: Slice } | { value: Value };

export function getItem(object: Value, at: Index): Value {
  if ('slice' in at) return getSlice(object, at.slice);
  if (object instanceof Dict) {
    const value = object.get(at.value);
    if (value !== undefined) return value;
    throw new PythonError(missingKey(object, at.value));
  }
  if (object instanceof BaseVariable) throw new PythonError(baseVariableAdvice(object));
  if (typeof object === 'string') {
    const text = characters(object);
    return text[position(at.value, text.length)];
  }
  if (Array.isArray(object)) return object[position(at.value, object.length)];
  if (object instanceof Tuple) return object.items[position(at.value, object.items.length)];
  if (object instanceof Range) return object.at(position(at.value, object.length));
  throw new PythonError(`${kindOf(object)} cannot be indexed by [ ]`);
}

export function missingKey(dict: Dict, key: Value): string {
  const keys = dict.keys().filter((known) => typeof known === 'string');
  const shown = repr(key);
  const near = typeof key === 'string' ? didYouMean(key, keys) : '';
  return `unknown key ${shown}.${near} Known: ${keys.slice(0, 30).join(', ') || 'none'}`;
}

function position(value: Value, length: number): number {
  if (typeof value === 'string')
    throw new PythonError(`expected a number as list index, received the string ${repr(value)}`);
  const given = index(value);
  const place = given < 0 ? given + length : given;
  if (place >= 0 && place < length) return place;
  throw new PythonError(`index ${given} is out of range of ${length} items${length ? ` (0 to ${length - 1})` : ''}`);
}

/** The indices of a slice of a sequence of `length`, as Python's slice.indices. */
function indices(
  { start, stop, step }: Slice,
  length: number,
): { start: number; stop: number; step: number; count: number } {
  const stride = step === null ? 1 : index(step);
  if (stride === 0) throw new PythonError('the step of a slice cannot be 0');
  const low = stride > 0 ? 0 : -1;
  const high = stride > 0 ? length : length - 1;
  const clamp = (value: Value, otherwise: number) => {
    if (value === null) return otherwise;
    const given = index(value);
    return Math.min(Math.max(given < 0 ? given + length : given, low), high);
  };
  const from = clamp(start, stride > 0 ? 0 : length - 1);
  const to = clamp(stop, stride > 0 ? length : -1);
  return { start: from, stop: to, step: stride, count: Math.max(0, Math.ceil((to - from) / stride)) };
}

function getSlice(object: Value, slice: Slice): Value {
  if (object instanceof BaseVariable) throw new PythonError(baseVariableAdvice(object));
  if (
    object instanceof Dict ||
    !(typeof object === 'string' || Array.isArray(object) || object instanceof Tuple || object instanceof Range)
  )
    throw new PythonError(`${kindOf(object)} cannot be sliced`);
  const { start, step, count } = indices(slice, lengthOf(object));
  if (object instanceof Range) {
    const first = object.start + BigInt(start) * object.step;
    const stride = object.step * BigInt(step);
    return new Range(first, first + BigInt(count) * stride, stride);
  }
  chargeItems(typeof object === 'string' ? 1 : count);
  const from = typeof object === 'string' ? characters(object) : Array.isArray(object) ? object : object.items;
  const taken = Array.from({ length: count }, (_, i) => from[start + i * step]);
  if (typeof object === 'string') return taken.join('');
  return Array.isArray(object) ? (taken as Value[]) : new Tuple(taken as Value[]);
}

export function setItem(object: Value, at: Index, value: Value, origin?: Origin): void {
  if (object instanceof Dict && 'value' in at) {
    object.set(at.value, object.config ? toConfigValue(value) : value, origin);
    return;
  }
  if (!Array.isArray(object)) throw new PythonError(`items of ${kindOf(object)} cannot be set. Create a new one`);
  if ('value' in at) {
    object[position(at.value, object.length)] = value;
    return;
  }
  const { start, stop, step, count } = indices(at.slice, object.length);
  const items = toList(value);
  if (step === 1) {
    chargeItems(object.length + items.length);
    object.splice(start, Math.max(0, stop - start), ...items);
    return;
  }
  if (items.length !== count)
    throw new PythonError(`cannot assign ${items.length} values to a slice of ${count} items`);
  for (const [i, item] of items.entries()) object[start + i * step] = item;
}

export function deleteItem(object: Value, at: Index): void {
  if (object instanceof Dict && 'value' in at) {
    if (!object.delete(at.value)) throw new PythonError(missingKey(object, at.value));
    return;
  }
  if (!Array.isArray(object)) throw new PythonError(`items of ${kindOf(object)} cannot be deleted. Create a new one`);
  if ('value' in at) {
    object.splice(position(at.value, object.length), 1);
    return;
  }
  const { start, step, count } = indices(at.slice, object.length);
  const gone = new Set(Array.from({ length: count }, (_, i) => start + i * step));
  const kept = object.filter((_, i) => !gone.has(i));
  object.splice(0, object.length, ...kept);
}
