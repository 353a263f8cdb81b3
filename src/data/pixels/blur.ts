// Mean and median blur of 8-bit images, as cv2.blur (border mirrored) and cv2.medianBlur (border replicated). Sums and
// histograms move along with the window: a pixel costs the same at any kernel size (median: in proportion to its side).

import type { PixelImage } from '../types';

/** Index of a pixel beyond the border, mirrored: 2 1 | 0 1 2 | 1 0. */
export function mirrored(i: number, length: number): number {
  if (length === 1) return 0;
  let at = i;
  while (at < 0 || at >= length) at = at < 0 ? -at : 2 * length - 2 - at;
  return at;
}

/** The indices from -radius to length + radius, those beyond the border as `inside` says. */
const indices = (length: number, radius: number, inside: (i: number, length: number) => number): Int32Array =>
  Int32Array.from({ length: length + 2 * radius }, (_, i) => inside(i - radius, length));

/** @param size odd kernel size */
export function meanBlur(image: PixelImage, size: number): PixelImage {
  const { data, width, height } = image;
  const radius = size >> 1;
  const stride = width * 3;
  const columns = indices(width, radius, mirrored);
  const rows = indices(height, radius, mirrored);
  const sums = new Int32Array(data.length); // along x
  for (let y = 0, to = 0; y < height; y++) {
    const start = y * stride;
    let [a, b, c] = [0, 0, 0];
    for (let x = 1 - size; x < width; x++) {
      const enters = start + columns[x + size - 1] * 3;
      a += data[enters];
      b += data[enters + 1];
      c += data[enters + 2];
      if (x < 0) continue;
      sums[to++] = a;
      sums[to++] = b;
      sums[to++] = c;
      const leaves = start + columns[x] * 3;
      a -= data[leaves];
      b -= data[leaves + 1];
      c -= data[leaves + 2];
    }
  }
  const out = new Uint8Array(data.length);
  const area = size * size;
  const half = area >> 1;
  const column = new Int32Array(stride);
  for (let k = 0; k < size - 1; k++)
    for (let i = 0, from = rows[k] * stride; i < stride; i++) column[i] += sums[from + i];
  for (let y = 0, o = 0; y < height; y++) {
    const enters = rows[y + size - 1] * stride;
    const leaves = rows[y] * stride;
    for (let i = 0; i < stride; i++, o++) {
      const sum = column[i] + sums[enters + i];
      out[o] = (sum + half) / area; // truncated
      column[i] = sum - sums[leaves + i];
    }
  }
  return { ...image, data: out };
}

/** @param size odd kernel size */
export function medianBlur(image: PixelImage, size: number): PixelImage {
  const { data, width, height } = image;
  const radius = size >> 1;
  const clamped = (i: number, length: number) => Math.min(Math.max(i, 0), length - 1);
  const columns = indices(width, radius, clamped).map((x) => x * 3);
  const rows = indices(height, radius, clamped).map((y) => y * width * 3);
  const out = new Uint8Array(data.length);
  const counts = new Int32Array(256); // of the values in the window
  const half = (size * size) >> 1;
  for (let y = 0; y < height; y++)
    for (let c = 0; c < 3; c++) {
      counts.fill(0);
      for (let j = 0; j < size; j++) for (let i = 0; i < size - 1; i++) counts[data[rows[y + j] + columns[i] + c]]++;
      let median = 0;
      let below = 0; // how many values are below it
      for (let x = 0, o = y * width * 3 + c; x < width; x++, o += 3) {
        const enters = columns[x + size - 1] + c;
        for (let j = y; j < y + size; j++) {
          const value = data[rows[j] + enters];
          counts[value]++;
          if (value < median) below++;
        }
        while (below > half) below -= counts[--median];
        while (below + counts[median] <= half) below += counts[median++];
        out[o] = median;
        const leaves = columns[x] + c;
        for (let j = y; j < y + size; j++) {
          const value = data[rows[j] + leaves];
          counts[value]--;
          if (value < median) below--;
        }
      }
    }
  return { ...image, data: out };
}
