// Bilinear warps of 8-bit images and masks with OpenCV's fixed-point arithmetic: source coordinates in steps of 1/32 pixel,
// weights in 15 bits, constant border. What a map computes row by row, here it is read from the pixels.

import { foreground, type Rle, RleBuilder } from '../../masks';
import type { PixelImage } from '../types';
import { takePixels } from './pixel-pool';

/** Coordinate steps per pixel. */
export const STEPS = 32;

/** Writes the source coordinates of output row `y`, in whole steps. */
export type RowMap = (y: number, fx: Float64Array, fy: Float64Array) => void;

/** What is outside an image: a colour in its channel order, or its mirror image about the border pixels. */
export type Border = readonly number[] | 'reflect';

export function warpRows(image: PixelImage, map: RowMap, width: number, height: number, border: Border): PixelImage {
  const { data } = image;
  const stride = image.width * 3;
  const [insideX, insideY] = [(image.width - 1) * STEPS, (image.height - 1) * STEPS];
  const out = takePixels(width * height * 3);
  const [columns, rows] = [new Float64Array(width), new Float64Array(width)];
  for (let y = 0, o = 0; y < height; y++) {
    map(y, columns, rows);
    for (let x = 0; x < width; x++, o += 3) {
      const [fx, fy] = [columns[x], rows[x]];
      // inside, where all four neighbours are pixels
      if (fx >= 0 && fy >= 0 && fx < insideX && fy < insideY) {
        const p = ((fy >> 5) * image.width + (fx >> 5)) * 3;
        const q = p + stride;
        const ax = fx & 31;
        const ay = fy & 31;
        for (let c = 0; c < 3; c++) {
          const upper = data[p + c] * (STEPS - ax) + data[p + c + 3] * ax;
          const lower = data[q + c] * (STEPS - ax) + data[q + c + 3] * ax;
          // weights sum to 2^10: OpenCV's 2^15 without their common factor
          out[o + c] = (upper * (STEPS - ay) + lower * ay + 512) >> 10;
        }
      } else if (border === 'reflect') blendReflected(image, fx, fy, out, o);
      else blendAtBorder(image, fx, fy, border, out, o);
    }
  }
  return { data: out, width, height, order: image.order };
}

/** Writes the bilinear interpolation at (fx, fy) / 32, with the colour where there is no pixel. */
function blendAtBorder(
  { data, width, height }: PixelImage,
  fx: number,
  fy: number,
  colour: readonly number[],
  out: Uint8Array,
  o: number,
): void {
  const x = Math.floor(fx / STEPS);
  const y = Math.floor(fy / STEPS);
  if (x < -1 || y < -1 || x >= width || y >= height) {
    out[o] = colour[0];
    out[o + 1] = colour[1];
    out[o + 2] = colour[2];
    return;
  }
  const ax = fx - x * STEPS;
  const ay = fy - y * STEPS;
  const w00 = (STEPS - ax) * (STEPS - ay);
  const w01 = ax * (STEPS - ay);
  const w10 = (STEPS - ax) * ay;
  const w11 = ax * ay;
  const at = (px: number, py: number, c: number) =>
    px < 0 || py < 0 || px >= width || py >= height ? colour[c] : data[(py * width + px) * 3 + c];
  for (let c = 0; c < 3; c++)
    out[o + c] =
      (at(x, y, c) * w00 + at(x + 1, y, c) * w01 + at(x, y + 1, c) * w10 + at(x + 1, y + 1, c) * w11 + 512) >> 10;
}

/** Index of the pixel that is mirrored to place `i`, outside 0 .. n - 1 (cv2.BORDER_REFLECT_101). */
export function reflected(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * n - 2;
  const at = ((i % period) + period) % period;
  return at < n ? at : period - at;
}

function blendReflected({ data, width, height }: PixelImage, fx: number, fy: number, out: Uint8Array, o: number): void {
  const [x, y] = [Math.floor(fx / STEPS), Math.floor(fy / STEPS)];
  const [ax, ay] = [fx - x * STEPS, fy - y * STEPS];
  const [left, right] = [reflected(x, width), reflected(x + 1, width)];
  const [top, bottom] = [reflected(y, height) * width, reflected(y + 1, height) * width];
  for (let c = 0; c < 3; c++) {
    const upper = data[(top + left) * 3 + c] * (STEPS - ax) + data[(top + right) * 3 + c] * ax;
    const lower = data[(bottom + left) * 3 + c] * (STEPS - ax) + data[(bottom + right) * 3 + c] * ax;
    out[o + c] = (upper * (STEPS - ay) + lower * ay + 512) >> 10;
  }
}

/**
 * A mask under the same map: 0 and 1 are interpolated and rounded, as MMDetection does with its bitmaps. Only the part around
 * the object is read.
 */
export function warpRle(mask: Rle, map: RowMap, width: number, height: number): Rle {
  const part = partOf(mask);
  if (!part) return new RleBuilder().finish(height, width);
  const { data, left, top, columns, rows } = part;
  const out = new Uint8Array(width * height); // column-major
  const [fx, fy] = [new Float64Array(width), new Float64Array(width)];
  for (let y = 0; y < height; y++) {
    map(y, fx, fy);
    for (let x = 0; x < width; x++) {
      const px = Math.floor(fx[x] / STEPS) - left;
      const py = Math.floor(fy[x] / STEPS) - top;
      if (!(px >= 0 && py >= 0 && px < columns - 1 && py < rows - 1)) continue;
      const ax = fx[x] - (px + left) * STEPS;
      const ay = fy[x] - (py + top) * STEPS;
      const p = py * columns + px;
      const upper = data[p] * (STEPS - ax) + data[p + 1] * ax;
      const lower = data[p + columns] * (STEPS - ax) + data[p + columns + 1] * ax;
      if (upper * (STEPS - ay) + lower * ay >= 512) out[x * height + y] = 1;
    }
  }
  return encodeColumns(out, height, width);
}

/** The row-major pixels around the foreground, with one more pixel of background on each side; undefined: there is none. */
function partOf(mask: Rle) {
  const { height } = mask;
  const runs = [...foreground(mask)];
  if (runs.length === 0) return undefined;
  let [top, bottom] = [height, 0];
  for (const [from, to] of runs) {
    const whole = Math.floor(from / height) < Math.floor((to - 1) / height);
    top = whole ? 0 : Math.min(top, from % height);
    bottom = whole ? height : Math.max(bottom, ((to - 1) % height) + 1);
  }
  const left = Math.floor(runs[0][0] / height) - 1;
  const columns = Math.floor((runs[runs.length - 1][1] - 1) / height) + 2 - left;
  top--;
  const rows = bottom + 1 - top;
  const data = new Uint8Array(columns * rows);
  for (const [from, to] of runs)
    for (let i = from; i < to; i++) data[((i % height) - top) * columns + Math.floor(i / height) - left] = 1;
  return { data, left, top, columns, rows };
}

function encodeColumns(bitmap: Uint8Array, height: number, width: number): Rle {
  const builder = new RleBuilder();
  for (let from = bitmap.indexOf(1); from >= 0; ) {
    let to = bitmap.indexOf(0, from);
    if (to < 0) to = bitmap.length;
    builder.add(from, to);
    from = bitmap.indexOf(1, to);
  }
  return builder.finish(height, width);
}
