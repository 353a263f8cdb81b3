// Mean and median blur of 8-bit images, as cv2.blur (border mirrored) and cv2.medianBlur (border replicated).

import type { PixelImage } from '../types';

/** Index of a pixel beyond the border, mirrored: 2 1 | 0 1 2 | 1 0. */
export function mirrored(i: number, length: number): number {
  if (length === 1) return 0;
  let at = i;
  while (at < 0 || at >= length) at = at < 0 ? -at : 2 * length - 2 - at;
  return at;
}

/** @param size odd kernel size */
export function meanBlur(image: PixelImage, size: number): PixelImage {
  const { data, width, height } = image;
  const radius = size >> 1;
  const stride = width * 3;
  const sums = new Int32Array(data.length); // along x
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let k = -radius; k <= radius; k++) {
        const from = y * stride + mirrored(x + k, width) * 3;
        const to = y * stride + x * 3;
        for (let c = 0; c < 3; c++) sums[to + c] += data[from + c];
      }
  const out = new Uint8Array(data.length);
  const area = size * size;
  const column = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    column.fill(0);
    for (let k = -radius; k <= radius; k++) {
      const from = mirrored(y + k, height) * stride;
      for (let i = 0; i < stride; i++) column[i] += sums[from + i];
    }
    for (let i = 0, o = y * stride; i < stride; i++, o++) out[o] = Math.floor((column[i] + (area >> 1)) / area);
  }
  return { ...image, data: out };
}

/** @param size odd kernel size */
export function medianBlur(image: PixelImage, size: number): PixelImage {
  const { data, width, height } = image;
  const radius = size >> 1;
  const out = new Uint8Array(data.length);
  const values = new Uint8Array(size * size);
  const clamp = (v: number, limit: number) => Math.min(Math.max(v, 0), limit - 1);
  for (let y = 0, o = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, o++) {
        let n = 0;
        for (let j = -radius; j <= radius; j++) {
          const row = clamp(y + j, height) * width;
          for (let i = -radius; i <= radius; i++) values[n++] = data[(row + clamp(x + i, width)) * 3 + c];
        }
        out[o] = values.sort()[n >> 1];
      }
  return { ...image, data: out };
}
