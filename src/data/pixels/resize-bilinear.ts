// Bilinear resizing with the arithmetic of cv2.resize(INTER_LINEAR) on 8-bit images: half-pixel centres, no
// antialiasing, weights in 11-bit fixed point. Bit-equal to OpenCV 4 (golden: transforms.safetensors). Float images are
// resized in single precision, as there.

import { bilinearTaps as taps } from '../../geometry/bilinear-taps';
import type { AnyImage, PixelImage, Pixels } from '../types';
import { pixelKernels } from './native';
import { takePixels } from './pixel-pool';

/** `image` at `width` x `height`; the same object when it has that size already. */
export function resizeBilinear<P extends Pixels>(image: PixelImage<P>, width: number, height: number): PixelImage<P> {
  if (width === image.width && height === image.height) return image;
  return { data: resized(image, width, height) as P, width, height, order: image.order };
}

function resized(image: AnyImage, width: number, height: number): Pixels {
  const halves = image.width === 2 * width && image.height === 2 * height;
  const { data } = image;
  const kernels = pixelKernels();
  if (data instanceof Uint8Array && kernels) {
    const out = takePixels(width * height * 3);
    kernels.resizeBilinear(data, image.width, image.height, out, width, height);
    return out;
  }
  if (data instanceof Uint8Array)
    return halves ? halve({ ...image, data }, width, height) : interpolate({ ...image, data }, width, height);
  return interpolateFloats(image, width, height);
}

function interpolateFloats(image: AnyImage, width: number, height: number): Float32Array {
  const out = new Float32Array(width * height * 3);
  const { data } = image;
  const x = taps(image.width, width, true);
  const y = taps(image.height, height, false);
  const clamp = (v: number, limit: number) => Math.min(Math.max(v, 0), limit - 1);
  for (let row = 0, o = 0; row < height; row++) {
    const top = clamp(y.from[row], image.height) * image.width * 3;
    const bottom = clamp(y.from[row] + 1, image.height) * image.width * 3;
    const b = y.fractions[row];
    const restB = Math.fround(1 - b);
    for (let i = 0; i < width; i++) {
      const left = x.from[i] * 3;
      const right = clamp(x.from[i] + 1, image.width) * 3;
      const a = x.fractions[i];
      const restA = Math.fround(1 - a);
      for (let c = 0; c < 3; c++, o++) {
        const upper = Math.fround(data[top + left + c] * restA + data[top + right + c] * a);
        const lower = Math.fround(data[bottom + left + c] * restA + data[bottom + right + c] * a);
        out[o] = upper * restB + lower * b;
      }
    }
  }
  return out;
}

function interpolate(image: PixelImage, width: number, height: number): Uint8Array {
  const x = taps(image.width, width, true);
  const y = taps(image.height, height, false);
  const out = takePixels(width * height * 3);
  const last = image.height - 1;
  const length = width * 3;
  // two source rows resized along x; `held*` are their indices
  let upper = new Int32Array(length);
  let lower = new Int32Array(length);
  let heldUpper = -1;
  let heldLower = -1;
  for (let row = 0, o = 0; row < height; row++) {
    const top = Math.min(Math.max(y.from[row], 0), last);
    const bottom = Math.min(Math.max(y.from[row] + 1, 0), last);
    if (top === heldLower && top !== heldUpper) {
      [upper, lower] = [lower, upper];
      [heldUpper, heldLower] = [heldLower, heldUpper];
    }
    if (top !== heldUpper) resizeRow(image, (heldUpper = top), x.from, x.weights, upper);
    if (bottom !== heldLower) resizeRow(image, (heldLower = bottom), x.from, x.weights, lower);
    const a = y.weights[2 * row];
    const b = y.weights[2 * row + 1];
    for (let i = 0; i < length; i++, o++) out[o] = (((a * upper[i]) >> 16) + ((b * lower[i]) >> 16) + 2) >> 2;
  }
  return out;
}

/** One source row resized along x, in units of 1/128 gray level (OpenCV's `>> 4` of its 11-bit sums). */
function resizeRow(image: PixelImage, row: number, from: Int32Array, weights: Int32Array, out: Int32Array): void {
  const { data, width } = image;
  const start = row * width * 3;
  const lastPixel = start + (width - 1) * 3;
  for (let i = 0, o = 0; i < from.length; i++, o += 3) {
    const p = start + from[i] * 3;
    const q = p < lastPixel ? p + 3 : p;
    const a = weights[2 * i];
    const b = weights[2 * i + 1];
    out[o] = (data[p] * a + data[q] * b) >> 4;
    out[o + 1] = (data[p + 1] * a + data[q + 1] * b) >> 4;
    out[o + 2] = (data[p + 2] * a + data[q + 2] * b) >> 4;
  }
}

/** Exactly half the size: every weight is 1/4, so the sums reduce to a rounded mean of four pixels. */
function halve(image: PixelImage, width: number, height: number): Uint8Array {
  const { data } = image;
  const stride = image.width * 3;
  const out = takePixels(width * height * 3);
  for (let row = 0, o = 0; row < height; row++) {
    let p = 2 * row * stride;
    for (let i = 0; i < width; i++, p += 6, o += 3) {
      const q = p + stride;
      out[o] = (data[p] + data[p + 3] + data[q] + data[q + 3] + 2) >> 2;
      out[o + 1] = (data[p + 1] + data[p + 4] + data[q + 1] + data[q + 4] + 2) >> 2;
      out[o + 2] = (data[p + 2] + data[p + 5] + data[q + 2] + data[q + 5] + 2) >> 2;
    }
  }
  return out;
}
