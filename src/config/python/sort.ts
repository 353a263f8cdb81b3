// Python's stable sort by key.

import { charge } from './budget';
import { order } from './compare';
import { toList } from './iterate';
import { Callable, PythonError, type Value } from './values';

export function sorted(values: Value, key: Value, reverse: boolean): Value[] {
  const items = toList(values);
  charge(items.length * 4);
  const keyed = items.map((value) => ({ value, key: keyOf(value, key) }));
  keyed.sort((a, b) => {
    charge();
    return reverse ? order(b.key, a.key) : order(a.key, b.key);
  });
  return keyed.map(({ value }) => value);
}

/** The sort key of `value`: itself, or the result of the function `key`. */
export function keyOf(value: Value, key: Value): Value {
  if (key === null) return value;
  if (key instanceof Callable) return key.call({ positional: [value], named: new Map() });
  throw new PythonError('key= expects a built-in function: len, int, str, abs, ...');
}
