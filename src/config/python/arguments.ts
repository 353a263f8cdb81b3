// Assigns the arguments of a call to its parameters.

import { type Arguments, PythonError, type Value } from './values';

/**
 * Values in the order of the parameters, undefined for those not given.
 *
 * @param names parameters in order; those after '*' are keyword-only, `?` marks optional ones.
 */
export function parameters(
  call: string,
  { positional, named }: Arguments,
  names: readonly string[],
): (Value | undefined)[] {
  const star = names.indexOf('*');
  const all = names.filter((name) => name !== '*');
  const places = star < 0 ? all.length : star;
  if (positional.length > places)
    throw new PythonError(`${call}() takes ${places} value${places === 1 ? '' : 's'}, ${positional.length} were given`);
  const values: (Value | undefined)[] = all.map((_, i) => positional[i]);
  const plain = all.map((name) => name.replace('?', ''));
  for (const [name, value] of named) {
    const place = plain.indexOf(name);
    if (place < 0) throw new PythonError(`${call}() has no argument "${name}". Known: ${plain.join(', ') || 'none'}`);
    if (values[place] !== undefined) throw new PythonError(`${call}() got multiple values for "${name}"`);
    values[place] = value;
  }
  for (const [i, name] of all.entries())
    if (values[i] === undefined && !name.endsWith('?')) throw new PythonError(`${call}() needs "${name}"`);
  return values;
}
