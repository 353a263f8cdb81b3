// Masks over the whole image, read as the file's metadata say: what a program does that has nothing but the file.

import { expect } from 'vitest';
import { encodeRle, type Rle } from '../../src/masks';
import type { OnnxFile } from '../../src/onnx/export-detector';

interface Reading {
  stride: number;
  /** The cell at a pixel of either axis. */
  cellOf(pixel: number): number;
  threshold: number;
}

/** What the metadata say of the masks; undefined of masks in boxes. */
export function readingOf({ bytes }: OnnxFile): Reading | undefined {
  const [, text = ''] = /"masks":"([^"]*over the whole input[^"]*)"/.exec(Buffer.from(bytes).toString('latin1')) ?? [];
  if (!text) return undefined;
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const stride = number(/a cell for every (\d+) x/);
  const threshold = number(/where they are above (\S+)$/);
  const shift = number(/at cell max\(x - (\d+), 0\)/);
  expect([stride, threshold].every(Number.isFinite), text).toBe(true);
  const isCentered = text.includes('times their size, bilinearly, corners not aligned');
  expect(isCentered).toBe(Number.isNaN(shift));
  const cellOf = (pixel: number) =>
    isCentered ? Math.max((pixel + 0.5) / stride - 0.5, 0) : Math.max(pixel - shift, 0) / stride;
  return { stride, cellOf, threshold };
}

/** Of a grid [h * w] in an image. */
export function readMask(
  grid: Float32Array,
  [h, w]: readonly number[],
  { cellOf, threshold }: Reading,
  [height, width]: readonly number[],
): Rle {
  const bitmap = new Uint8Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [row, column] = [Math.min(cellOf(y), h - 1), Math.min(cellOf(x), w - 1)];
      const [top, left] = [Math.floor(row), Math.floor(column)];
      const [bottom, right] = [Math.min(top + 1, h - 1), Math.min(left + 1, w - 1)];
      const along = (line: number) =>
        grid[line * w + left] + (column - left) * (grid[line * w + right] - grid[line * w + left]);
      const value = along(top) + (row - top) * (along(bottom) - along(top));
      bitmap[y * width + x] = value > threshold ? 1 : 0;
    }
  return encodeRle(bitmap, height, width);
}
