// From the probabilities of a mask on a coarse grid to a mask of the image: linear steps (upsampling, cropping, resizing), each
// separable, are composed along each axis into one, and the result is thresholded. It is written run by run, and only where the
// grid has something, so that no bitmap of the image is needed.

import { type Rle, RleBuilder } from './rle';

/** One axis of a linear map: output i is the sum over k of weights[i * taps + k] * input[start[i] + k]. */
export interface AxisMap {
  /** Never falls. */
  start: Int32Array;
  weights: Float64Array;
  taps: number;
}

/**
 * Bilinear, centres half a pixel in, as F.interpolate.
 * @param step size of an output pixel in input pixels
 * @param origin where the output begins
 */
export function bilinearAxis(input: number, output: number, step = input / output, origin = 0): AxisMap {
  return pairs(input, output, (i) => Math.max(origin + (i + 0.5) * step - 0.5, 0));
}

/** CondInst's upsampling by a whole factor: output i is at input i / factor, shifted by half a cell. */
export function alignedAxis(input: number, factor: number): AxisMap {
  const shift = Math.floor(factor / 2);
  return pairs(input, input * factor, (i) => Math.max(i - shift, 0) / factor);
}

function pairs(input: number, output: number, position: (i: number) => number): AxisMap {
  const start = new Int32Array(output);
  const weights = new Float64Array(2 * output);
  for (let i = 0; i < output; i++) {
    const at = Math.min(position(i), input - 1);
    start[i] = Math.floor(at);
    weights[2 * i + 1] = at - start[i];
    weights[2 * i] = 1 - weights[2 * i + 1];
  }
  return { start, weights, taps: 2 };
}

/** Outputs `from` to `from + length` alone. */
export const cropAxis = ({ start, weights, taps }: AxisMap, from: number, length: number): AxisMap => ({
  start: start.slice(from, from + length),
  weights: weights.slice(from * taps, (from + length) * taps),
  taps,
});

/** First `inner`, then `outer` on what it gives. */
export function composeAxes(inner: AxisMap, outer: AxisMap): AxisMap {
  const last = inner.start.length - 1;
  const output = outer.start.length;
  const firstOf = (i: number) => inner.start[outer.start[i]];
  const lastOf = (i: number) => inner.start[Math.min(outer.start[i] + outer.taps - 1, last)] + inner.taps - 1;
  let taps = 1;
  for (let i = 0; i < output; i++) taps = Math.max(taps, lastOf(i) - firstOf(i) + 1);
  const start = Int32Array.from({ length: output }, (_, i) => firstOf(i));
  const weights = new Float64Array(output * taps);
  for (let i = 0; i < output; i++)
    for (let k = 0; k < outer.taps; k++) {
      const factor = outer.weights[i * outer.taps + k];
      const row = outer.start[i] + k;
      if (factor === 0 || row > last) continue;
      for (let j = 0; j < inner.taps; j++)
        weights[i * taps + inner.start[row] + j - start[i]] += factor * inner.weights[row * inner.taps + j];
    }
  return { start, weights, taps };
}

/** A grid, row-major, and the maps of its rows and of its columns to those of the image. */
export interface Resampling {
  rows: AxisMap;
  columns: AxisMap;
}

/**
 * The pixels whose probability is above the threshold; weights of an output pixel sum to 1, so that it is above only where an
 * input is.
 * @param size [rows, columns] of the grid
 */
export function resampleMask(
  grid: Float32Array,
  [height, width]: readonly [number, number],
  { rows, columns }: Resampling,
  threshold: number,
): Rle {
  const builder = new RleBuilder();
  const [h, w] = [rows.start.length, columns.start.length];
  const inside = extent(grid, width, threshold);
  if (!inside) return builder.finish(h, w);
  const [top, bottom] = reached(rows, inside.top, inside.bottom);
  const [left, right] = reached(columns, inside.left, inside.right);
  const firstRow = top < bottom ? rows.start[top] : 0;
  const endRow = Math.min(top < bottom ? rows.start[bottom - 1] + rows.taps : 0, height);
  const blended = new Float64Array(height + rows.taps); // a column of the image by rows of the grid; zero beyond it
  for (let x = left; x < right; x++) {
    const from = columns.start[x];
    const taps = Math.min(columns.taps, width - from);
    for (let r = firstRow; r < endRow; r++) {
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += columns.weights[x * columns.taps + k] * grid[r * width + from + k];
      blended[r] = sum;
    }
    for (let y = top; y < bottom; y++) {
      let sum = 0;
      for (let k = 0; k < rows.taps; k++) sum += rows.weights[y * rows.taps + k] * blended[rows.start[y] + k];
      if (Math.fround(sum) > threshold) builder.add(x * h + y, x * h + y + 1);
    }
  }
  return builder.finish(h, w);
}

/** First and last row and column with a value above the threshold. */
function extent(grid: Float32Array, width: number, threshold: number) {
  let [top, bottom, left, right] = [-1, -1, width, -1];
  for (let p = 0; p < grid.length; p++) {
    if (!(grid[p] > threshold)) continue;
    const y = Math.floor(p / width);
    const x = p - y * width;
    if (top < 0) top = y;
    bottom = y;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  return top < 0 ? undefined : { top, bottom, left, right };
}

/** The outputs [first, end) that read any input of low..high. */
function reached({ start, taps }: AxisMap, low: number, high: number): [number, number] {
  let first = 0;
  while (first < start.length && start[first] + taps <= low) first++;
  let end = first;
  while (end < start.length && start[end] <= high) end++;
  return [first, end];
}
