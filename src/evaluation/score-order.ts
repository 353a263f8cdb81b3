// Detections in descending order of scores, stable: equal scores keep the order they come in. Insertion and merge sort for the
// detections of an image, radix sort for those of a data set; typed arrays throughout, no comparator.

const RUN = 12;
const RADIX_FROM = 2048;
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Position of the half with sign and exponent among the two of a float64. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

let spare: Int32Array = new Int32Array(256);
let keys = new Uint32Array(0);
let spareKeys = new Uint32Array(0);
const counts = new Int32Array(DIGITS);

/**
 * Sorts the first `count` of `rows` in place by `scores[row]`, descending; without NaN.
 *
 * @example const rows = Int32Array.of(0, 1, 2); sortByScore(rows, 3, Float64Array.of(0.2, 0.9, 0.2)); // 1, 0, 2
 */
export function sortByScore(rows: Int32Array, count: number, scores: Float64Array): void {
  if (spare.length < count) spare = new Int32Array(Math.max(count, 2 * spare.length));
  if (isSorted(rows, 0, count, scores)) return;
  if (count < RADIX_FROM) mergeSort(rows, 0, count, scores);
  else radixSort(rows, count, scores);
}

function isSorted(rows: Int32Array, from: number, to: number, scores: Float64Array): boolean {
  for (let i = from + 1; i < to; i++) if (scores[rows[i - 1]] < scores[rows[i]]) return false;
  return true;
}

function mergeSort(rows: Int32Array, from: number, to: number, scores: Float64Array): void {
  for (let start = from; start < to; start += RUN) {
    const end = Math.min(start + RUN, to);
    for (let i = start + 1; i < end; i++) {
      const row = rows[i];
      const score = scores[row];
      let k = i - 1;
      for (; k >= start && scores[rows[k]] < score; k--) rows[k + 1] = rows[k];
      rows[k + 1] = row;
    }
  }
  let [source, target]: Int32Array[] = [rows, spare];
  for (let width = RUN; width < to - from; width *= 2) {
    for (let start = from; start < to; start += 2 * width) {
      const middle = Math.min(start + width, to);
      const end = Math.min(start + 2 * width, to);
      let [i, j] = [start, middle];
      for (let k = start; k < end; k++)
        target[k] = i < middle && (j >= end || scores[source[i]] >= scores[source[j]]) ? source[i++] : source[j++];
    }
    [source, target] = [target, source];
  }
  if (source !== rows) for (let k = from; k < to; k++) rows[k] = source[k];
}

/** By the upper 32 bits of the score; rows that differ in the others alone are merge-sorted. */
function radixSort(rows: Int32Array, count: number, scores: Float64Array): void {
  if (keys.length < count) [keys, spareKeys] = [new Uint32Array(count), new Uint32Array(count)];
  const score = new Float64Array(1);
  const halves = new Uint32Array(score.buffer);
  for (let i = 0; i < count; i++) {
    score[0] = scores[rows[i]] + 0; // -0 is 0
    const high = halves[HIGH];
    // of negative numbers, larger bits are smaller numbers
    keys[i] = high >>> 31 === 1 ? high : ~(high ^ 0x80000000);
  }
  let [fromRows, toRows]: Int32Array[] = [rows, spare];
  let [fromKeys, toKeys] = [keys, spareKeys];
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    counts.fill(0);
    for (let i = 0; i < count; i++) counts[(fromKeys[i] >>> shift) & (DIGITS - 1)]++;
    if (counts[(fromKeys[0] >>> shift) & (DIGITS - 1)] === count) continue;
    for (let digit = 0, sum = 0; digit < DIGITS; digit++) {
      const next = sum + counts[digit];
      counts[digit] = sum;
      sum = next;
    }
    for (let i = 0; i < count; i++) {
      const key = fromKeys[i];
      const at = counts[(key >>> shift) & (DIGITS - 1)]++;
      toRows[at] = fromRows[i];
      toKeys[at] = key;
    }
    [fromRows, toRows] = [toRows, fromRows];
    [fromKeys, toKeys] = [toKeys, fromKeys];
  }
  if (fromRows !== rows) for (let i = 0; i < count; i++) rows[i] = fromRows[i];
  for (let start = 0; start < count; ) {
    let end = start + 1;
    while (end < count && fromKeys[end] === fromKeys[start]) end++;
    if (end - start > 1 && !isSorted(rows, start, end, scores)) mergeSort(rows, start, end, scores);
    start = end;
  }
}
