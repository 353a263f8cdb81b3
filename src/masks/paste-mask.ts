// Pastes a mask head's grid of probabilities into its box in the image: sampled bilinearly at every pixel centre, zero
// outside the grid, thresholded. The result is written run by run, without a bitmap of the image.

import { type Rle, RleBuilder } from './rle';

const f = Math.fround;

export interface PasteOptions {
  /** Size of the image. */
  height: number;
  width: number;
  /** Minimum probability of foreground. */
  threshold: number;
}

/** For each pixel from `first` on: the grid cell before its centre, and the weight of the next cell. */
interface Positions {
  first: number;
  cells: Int32Array;
  rest: Float32Array;
}

/** Pixels of the box and one on either side, within the image; in single precision and PyTorch's order of operations. */
function positions(low: number, high: number, cells: number, limit: number): Positions {
  const first = Math.max(Math.floor(low) - 1, 0);
  const end = Math.min(Math.ceil(high) + 1, limit);
  const count = Math.max(end - first, 0);
  const result: Positions = { first, cells: new Int32Array(count), rest: new Float32Array(count) };
  for (let i = 0; i < count; i++) {
    let normalized = f(f(f(f(f(first + i + 0.5) - low) / f(high - low)) * 2) - 1); // in [-1, 1]
    if (!Number.isFinite(normalized)) normalized = 0;
    const cell = f(f(f(f(normalized + 1) * cells) - 1) / 2);
    result.cells[i] = Math.floor(cell);
    result.rest[i] = f(cell - Math.floor(cell));
  }
  return result;
}

/**
 * @param grid probabilities, row-major, `size` = [rows, columns]
 * @param box x1, y1, x2, y2 in image pixels
 */
export function pasteMask(
  grid: Float32Array,
  size: readonly [number, number],
  box: ArrayLike<number>,
  { height, width, threshold }: PasteOptions,
): Rle {
  const [rows, columns] = size;
  const x = positions(box[0], box[2], columns, width);
  const y = positions(box[1], box[3], rows, height);
  const minProbability = f(threshold);
  const builder = new RleBuilder();
  const blended = new Float64Array(rows + 2); // an image column interpolated along x, per grid row; zero at both ends
  for (let i = 0; i < x.cells.length; i++) {
    const cell = x.cells[i];
    const rest = x.rest[i];
    for (let r = 0; r < rows; r++) {
      const left = cell >= 0 && cell < columns ? grid[r * columns + cell] : 0;
      const right = cell + 1 >= 0 && cell + 1 < columns ? grid[r * columns + cell + 1] : 0;
      blended[r + 1] = left * (1 - rest) + right * rest;
    }
    for (let j = 0; j < y.cells.length; j++) {
      const r = y.cells[j];
      const inGrid = r >= -1 && r < rows;
      const value = inGrid ? blended[r + 1] * (1 - y.rest[j]) + blended[r + 2] * y.rest[j] : 0;
      const pixel = (x.first + i) * height + y.first + j;
      if (value >= minProbability) builder.add(pixel, pixel + 1);
    }
  }
  return builder.finish(height, width);
}
