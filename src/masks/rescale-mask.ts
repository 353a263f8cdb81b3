// Masks made smaller as 8-bit images of 0 and 1 are by mmcv.imrescale: cv2.resize(INTER_LINEAR), whose rounding decides the pixels
// at outlines.

import { bilinearTaps } from '../geometry/bilinear-taps';
import { decodeRle, type Rle } from './rle';

/** A mask as a row-major bitmap of 0 and 1. */
export interface Bitmap {
  data: Uint8Array;
  height: number;
  width: number;
}

/** Sides are multiplied by `scale` and rounded. */
export function rescaleMask(mask: Rle, scale: number): Bitmap {
  const [height, width] = [mask.height, mask.width].map((side) => Math.floor(side * scale + 0.5));
  return { data: resizeBitmap(mask, height, width), height, width };
}

/** The mask at another size, row-major. */
export function resizeBitmap(mask: Rle, height: number, width: number): Uint8Array {
  const bitmap = decodeRle(mask);
  if (height === mask.height && width === mask.width) return bitmap;
  const data = new Uint8Array(height * width);
  if (mask.width === 2 * width && mask.height === 2 * height) halve(bitmap, data, width);
  else interpolate(bitmap, mask, data, height, width);
  return data;
}

/** Half of the pixels or more. */
function halve(source: Uint8Array, out: Uint8Array, width: number): void {
  for (let o = 0; o < out.length; o++) {
    const p = 4 * width * Math.floor(o / width) + 2 * (o % width);
    out[o] = (source[p] + source[p + 1] + source[p + 2 * width] + source[p + 2 * width + 1] + 2) >> 2;
  }
}

/** The fixed-point arithmetic of 8-bit images: see data/pixels/resize-bilinear.ts. */
function interpolate(
  source: Uint8Array,
  size: { height: number; width: number },
  out: Uint8Array,
  height: number,
  width: number,
) {
  const x = bilinearTaps(size.width, width, true);
  const y = bilinearTaps(size.height, height, false);
  const [lastRow, lastColumn] = [size.height - 1, size.width - 1];
  const across = (row: number, i: number) => {
    const p = row * size.width + x.from[i];
    const q = x.from[i] < lastColumn ? p + 1 : p;
    return (source[p] * x.weights[2 * i] + source[q] * x.weights[2 * i + 1]) >> 4;
  };
  for (let row = 0, o = 0; row < height; row++) {
    const upper = Math.min(Math.max(y.from[row], 0), lastRow);
    const lower = Math.min(Math.max(y.from[row] + 1, 0), lastRow);
    const [a, b] = [y.weights[2 * row], y.weights[2 * row + 1]];
    for (let i = 0; i < width; i++, o++)
      out[o] = (((a * across(upper, i)) >> 16) + ((b * across(lower, i)) >> 16) + 2) >> 2;
  }
}
