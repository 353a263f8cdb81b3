// Masks over the whole image, read as the file's metadata say: what a program does that has nothing but the file.

import { expect } from 'vitest';
import { encodeRle, type Rle } from '../../src/masks';
import type { OnnxFile } from '../../src/onnx/export-detector';

interface Reading {
  /** The cell at a pixel of an axis with so many cells and pixels. */
  cellOf(pixel: number, cells: number, pixels: number): number;
  threshold: number;
  inBox: boolean;
}

/** What the metadata say of the masks; undefined of masks in boxes. */
export function readingOf({ bytes }: OnnxFile): Reading | undefined {
  const [, text = ''] = /"masks":"([^"]*over the whole input[^"]*)"/.exec(Buffer.from(bytes).toString('latin1')) ?? [];
  if (!text) return undefined;
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const threshold = number(/where they are above ([^,]+)/);
  const [shift, stride] = [number(/at cell max\(x - (\d+), 0\)/), number(/, 0\) \/ (\d+), or the last/)];
  const isCentered = text.includes('resize them to the height and width of the input, bilinearly, corners not aligned');
  expect([threshold, isCentered ? 0 : shift, isCentered ? 0 : stride].every(Number.isFinite), text).toBe(true);
  const cellOf = (pixel: number, cells: number, pixels: number) =>
    isCentered ? Math.max(((pixel + 0.5) * cells) / pixels - 0.5, 0) : Math.max(pixel - shift, 0) / stride;
  return { cellOf, threshold, inBox: text.includes('x1 <= x < x2, y1 <= y < y2 in its box') };
}

interface Place {
  /** Height and width of the image, at the top and left of the input. */
  size: readonly number[];
  input: readonly number[];
  box: ArrayLike<number> & Iterable<number>;
}

/** Of a grid [h * w] over the input. */
export function readMask(
  grid: Float32Array,
  [h, w]: readonly number[],
  { cellOf, threshold, inBox }: Reading,
  { size: [height, width], input, box: [x1, y1, x2, y2] }: Place,
): Rle {
  const bitmap = new Uint8Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (inBox && !(x1 <= x && x < x2 && y1 <= y && y < y2)) continue;
      const row = Math.min(cellOf(y, h, input[0]), h - 1);
      const column = Math.min(cellOf(x, w, input[1]), w - 1);
      const [top, left] = [Math.floor(row), Math.floor(column)];
      const [bottom, right] = [Math.min(top + 1, h - 1), Math.min(left + 1, w - 1)];
      const along = (line: number) =>
        grid[line * w + left] + (column - left) * (grid[line * w + right] - grid[line * w + left]);
      const value = along(top) + (row - top) * (along(bottom) - along(top));
      bitmap[y * width + x] = value > threshold ? 1 : 0;
    }
  return encodeRle(bitmap, height, width);
}
