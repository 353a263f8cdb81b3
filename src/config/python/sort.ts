// Sorting, stable and by key, as Python sorts.

import { order } from './compare';
import { toList } from './iterate';
import { spend } from './meter';
import { Callable, PythonError, type Value } from './values';

export function sorted(values: Value, key: Value, reverse: boolean): Value[] {
  const items = toList(values);
  spend(items.length * 4);
  const keyed = items.map((value) => ({ value, key: keyOf(value, key) }));
  keyed.sort((a, b) => {
    spend();
    return reverse ? order(b.key, a.key) : order(a.key, b.key);
  });
  return keyed.map(({ value }) => value);
}

/** What `value` is compared by: itself, or what the function `key` makes of it. */
export function keyOf(value: Value, key: Value): Value {
  if (key === null) return value;
  if (key instanceof Callable) return key.call({ positional: [value], named: new Map() });
  throw new PythonError('key= takes a function that is known here: len, int, str, abs, ...');
}
