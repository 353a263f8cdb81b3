// Resizes, flips, crops and pads run-length encoded masks, run by run. Equal, pixel by pixel, to cv2 and MMDetection's
// BitmapMasks.

import type { FlipDirection } from '../geometry/boxes';
import { foreground, type Rle, RleBuilder } from './rle';

/** The foreground of each column: rows [runs[2k], runs[2k + 1]) for k from starts[x] to starts[x + 1]. */
export interface ColumnRuns {
  starts: Int32Array;
  runs: Int32Array;
}

/** Splits the runs at column ends. */
export function columnRuns(mask: Rle): ColumnRuns {
  const { height, width } = mask;
  const starts = new Int32Array(width + 1);
  const runs: number[] = [];
  let column = 0;
  for (const [from, to] of foreground(mask)) {
    let pixel = from;
    while (pixel < to) {
      const x = Math.floor(pixel / height);
      while (column < x) starts[++column] = runs.length / 2;
      const end = Math.min(to, (x + 1) * height);
      runs.push(pixel - x * height, end - x * height);
      pixel = end;
    }
  }
  while (column < width) starts[++column] = runs.length / 2;
  return { starts, runs: Int32Array.from(runs) };
}

/** Nearest-neighbour resizing, as cv2.resize(INTER_NEAREST): output pixel i reads input pixel floor(i * input / output). */
export function resizeRle(mask: Rle, height: number, width: number): Rle {
  if (height === mask.height && width === mask.width) return mask;
  const { starts, runs } = columnRuns(mask);
  const builder = new RleBuilder();
  const rows = sources(mask.height, height);
  const columns = sources(mask.width, width);
  // below[b]: number of output rows that read an input row < b
  const below = new Int32Array(mask.height + 1);
  for (const row of rows) below[row + 1]++;
  for (let b = 1; b <= mask.height; b++) below[b] += below[b - 1];
  for (let x = 0; x < width; x++)
    for (let k = starts[columns[x]]; k < starts[columns[x] + 1]; k++)
      builder.add(x * height + below[runs[2 * k]], x * height + below[runs[2 * k + 1]]);
  return builder.finish(height, width);
}

function sources(source: number, target: number): Int32Array {
  const step = 1 / (target / source);
  return Int32Array.from({ length: target }, (_, i) => Math.min(Math.floor(i * step), source - 1));
}

export function flipRle(mask: Rle, direction: FlipDirection): Rle {
  const { height, width } = mask;
  const { starts, runs } = columnRuns(mask);
  const builder = new RleBuilder();
  const [turnX, turnY] = [direction !== 'vertical', direction !== 'horizontal'];
  for (let x = 0; x < width; x++) {
    const from = turnX ? width - 1 - x : x;
    const [first, last] = [starts[from], starts[from + 1]];
    for (let i = first; i < last; i++) {
      const k = turnY ? first + last - 1 - i : i;
      const [y0, y1] = [runs[2 * k], runs[2 * k + 1]];
      if (turnY) builder.add(x * height + height - y1, x * height + height - y0);
      else builder.add(x * height + y0, x * height + y1);
    }
  }
  return builder.finish(height, width);
}

/** The window of `height` x `width` at (left, top), negative values included; background outside the mask. */
export function cropRle(
  mask: Rle,
  { top, left, height, width }: Record<'top' | 'left' | 'height' | 'width', number>,
): Rle {
  const { starts, runs } = columnRuns(mask);
  const builder = new RleBuilder();
  for (let x = Math.max(0, -left); x < width && x + left < mask.width; x++)
    for (let k = starts[x + left]; k < starts[x + left + 1]; k++)
      builder.add(x * height + Math.max(runs[2 * k] - top, 0), x * height + Math.min(runs[2 * k + 1] - top, height));
  return builder.finish(height, width);
}

/** Background added at the bottom and right. */
export function padRle(mask: Rle, height: number, width: number): Rle {
  if (height === mask.height && width === mask.width) return mask;
  return cropRle(mask, { top: 0, left: 0, height, width });
}
