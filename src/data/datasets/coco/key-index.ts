// The place of an id in a list, looked up millions of times: a table where ids are small integers, as they mostly are.

import type { Key } from './fields';

/** @returns the place of a key among distinct `keys`, or -1 */
export function keyIndex(keys: readonly Key[]): (key: Key | undefined) => number {
  let most = -1;
  const dense = keys.every((key) => {
    if (typeof key !== 'number' || !Number.isInteger(key) || key < 0) return false;
    most = Math.max(most, key);
    return true;
  });
  if (dense && most < 8 * keys.length + 1024) {
    const places = new Int32Array(most + 1).fill(-1);
    for (let i = 0; i < keys.length; i++) places[keys[i] as number] = i;
    // of a string, a negative or a broken number there is no entry
    return (key) => (typeof key === 'number' ? (places[key] ?? -1) : -1);
  }
  const places = new Map(keys.map((key, i) => [key, i]));
  return (key) => (key === undefined ? -1 : (places.get(key) ?? -1));
}
