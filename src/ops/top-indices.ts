// Top-k selection without a full sort.

import { descending } from './descending';

/**
 * Indices of the `k` largest values in descending order; ties by lower index. NaN is the lowest value.
 *
 * @example topIndices(new Float32Array([1, 5, 3]), 2) // [1, 2]
 */
export function topIndices(values: Float32Array, k: number): Int32Array {
  const n = values.length;
  const byValue = descending(values);
  if (k <= 0) return new Int32Array(0);
  if (k >= n) return Int32Array.from(values.keys()).sort(byValue);
  const threshold = kthLargest(values, k);
  const top = new Int32Array(k);
  let count = 0;
  for (let i = 0; i < n; i++) if (values[i] > threshold) top[count++] = i;
  for (let i = 0; i < n && count < k; i++) if (values[i] === threshold) top[count++] = i;
  for (let i = 0; i < n && count < k; i++) if (Number.isNaN(values[i])) top[count++] = i; // fewer than k numbers
  return top.sort(byValue);
}

/** Hoare's quickselect on a copy. */
function kthLargest(values: Float32Array, k: number): number {
  const a = values.slice();
  for (let i = 0; i < a.length; i++) if (Number.isNaN(a[i])) a[i] = Number.NEGATIVE_INFINITY;
  let low = 0;
  let high = a.length - 1;
  const target = a.length - k; // its index in ascending order
  while (low < high) {
    const pivot = a[(low + high) >> 1];
    let i = low;
    let j = high;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i > j) break;
      const held = a[i];
      a[i++] = a[j];
      a[j--] = held;
    }
    // now a[low..j] <= pivot <= a[i..high], and everything in between equals the pivot
    if (target <= j) high = j;
    else if (target >= i) low = i;
    else break;
  }
  return a[target];
}
