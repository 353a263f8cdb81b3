// Bilinear samples of masks at points between pixels.

import type { Bitmap } from './rescale-mask';

/**
 * @param x of the point, where the center of the first pixel is 0
 * @param limit size [height, width] beyond which everything is background
 */
export function sampleMask(
  { data, width, height }: Bitmap,
  x: number,
  y: number,
  limit?: readonly [number, number],
): number {
  const [rows, columns] = limit ? [Math.min(height, limit[0]), Math.min(width, limit[1])] : [height, width];
  const read = (column: number, row: number) =>
    column >= 0 && row >= 0 && column < columns && row < rows ? data[row * width + column] : 0;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, below] = [x - left, y - top];
  return (
    (1 - below) * ((1 - right) * read(left, top) + right * read(left + 1, top)) +
    below * ((1 - right) * read(left, top + 1) + right * read(left + 1, top + 1))
  );
}
