// The colour operations of mmcv.image.photometric on 8-bit pixels, with OpenCV's and NumPy's rounding. Those that look at one
// channel value at a time are tables of 256.

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage } from '../types';
import { takePixels } from './pixel-pool';

const f = Math.fround;
const clip = (value: number): number => Math.min(Math.max(value, 0), 255);

/** A table of what becomes of each value. */
export const levels = (change: (value: number) => number): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, i) => change(i));

/** Every value looked up in a table, or in a table for each channel of the pixels. */
export function lookUp(image: PixelImage, tables: Uint8Array | readonly Uint8Array[]): PixelImage {
  const { data } = image;
  const out = takePixels(data.length);
  const [a, b, c] = tables instanceof Uint8Array ? [tables, tables, tables] : tables;
  for (let i = 0; i < data.length; i += 3) {
    out[i] = a[data[i]];
    out[i + 1] = b[data[i + 1]];
    out[i + 2] = c[data[i + 2]];
  }
  return { ...image, data: out };
}

/** cv2.cvtColor(BGR2GRAY), [height * width]. */
export function grayOf({ data, order }: PixelImage): Uint8Array {
  const gray = new Uint8Array(data.length / 3);
  const blue = order === 'bgr' ? 0 : 2;
  for (let i = 0, p = 0; i < gray.length; i++, p += 3)
    gray[i] = (data[p + blue] * 3735 + data[p + 1] * 19235 + data[p + 2 - blue] * 9798 + 16384) >> 15;
  return gray;
}

/** mmcv.adjust_color: the image and its gray values by weights `factor` and 1 - `factor`. */
export function adjustColor(image: PixelImage, factor: number): PixelImage {
  const gray = grayOf(image);
  const { data } = image;
  const out = takePixels(data.length);
  const [weight, rest] = [f(factor), f(1 - factor)];
  for (let i = 0, p = 0; i < gray.length; i++) {
    const share = f(gray[i] * rest);
    // a fused multiplication and addition in single precision, as OpenCV's
    for (let c = 0; c < 3; c++, p++) out[p] = clip(roundHalfEven(f(data[p] * weight + share)));
  }
  return { ...image, data: out };
}

/** A value and what it is blended with, by weights `factor` and 1 - `factor`, truncated. */
const blended = (value: number, other: number, factor: number) =>
  Math.trunc(clip(f(value * factor + other * (1 - factor))));

/** mmcv.adjust_brightness: 0 is black, 1 the image. */
export const adjustBrightness = (image: PixelImage, factor: number): PixelImage =>
  lookUp(
    image,
    levels((i) => blended(i, 0, factor)),
  );

/** mmcv.adjust_contrast: 0 is the mean gray value, 1 the image. */
export function adjustContrast(image: PixelImage, factor: number): PixelImage {
  const gray = grayOf(image);
  let sum = 0;
  for (const value of gray) sum += value;
  const mean = roundHalfEven(sum / gray.length);
  return lookUp(
    image,
    levels((i) => blended(i, mean, factor)),
  );
}

/** mmcv.adjust_sharpness: 0 is smoothed by a 3 x 3 kernel, 1 the image. Beyond the border pixels are mirrored. */
export function adjustSharpness(image: PixelImage, factor: number): PixelImage {
  const { data, width, height } = image;
  const out = takePixels(data.length);
  const mirrored = (i: number, n: number) => (n === 1 ? 0 : i < 0 ? -i : i >= n ? 2 * n - 2 - i : i);
  const stride = 3 * width;
  const sums = new Int32Array(stride); // of three rows
  for (let y = 0, o = 0; y < height; y++) {
    const [up, own, down] = [mirrored(y - 1, height), y, mirrored(y + 1, height)].map((row) => row * stride);
    for (let i = 0; i < stride; i++) sums[i] = data[up + i] + data[own + i] + data[down + i];
    for (let x = 0; x < width; x++) {
      const [left, right] = [3 * mirrored(x - 1, width), 3 * mirrored(x + 1, width)];
      for (let c = 0; c < 3; c++, o++) {
        const sum = sums[left + c] + sums[3 * x + c] + sums[right + c] + 4 * data[o];
        // no sum of integers over 13 is near a half
        out[o] = blended(data[o], Math.round(sum / 13), factor);
      }
    }
  }
  return { ...image, data: out };
}

export const invert = (image: PixelImage): PixelImage =>
  lookUp(
    image,
    levels((i) => 255 - i),
  );

/** Inverts values from `threshold` on. */
export const solarize = (image: PixelImage, threshold: number): PixelImage =>
  lookUp(
    image,
    levels((i) => (i < threshold ? i : 255 - i)),
  );

/** Adds to the values below 128. */
export const solarizeAdd = (image: PixelImage, added: number): PixelImage =>
  lookUp(
    image,
    levels((i) => (i < 128 ? Math.min(i + added, 255) : i)),
  );

/** Keeps the upper `bits` of every value. */
export const posterize = (image: PixelImage, bits: number): PixelImage =>
  lookUp(
    image,
    levels((i) => (i >> (8 - bits)) << (8 - bits)),
  );

/** mmcv.imequalize: equalises the histogram of each channel. */
export function equalizeChannels(image: PixelImage): PixelImage {
  return lookUp(
    image,
    [0, 1, 2].map((c) => {
      const counts = histogram(image, c);
      const last = counts.findLast((count) => count > 0) ?? 0;
      const step = Math.floor((image.data.length / 3 - last) / 255);
      if (step === 0) return levels((i) => i);
      let below = 0;
      return levels((i) => {
        const level = i === 0 ? 0 : Math.floor((below + Math.floor(step / 2)) / step);
        below += counts[i];
        return Math.min(level, 255);
      });
    }),
  );
}

/** mmcv.auto_contrast: stretches the values of each channel to the whole range. */
export function autoContrast(image: PixelImage): PixelImage {
  return lookUp(
    image,
    [0, 1, 2].map((c) => {
      const counts = histogram(image, c);
      const low = counts.findIndex((count) => count > 0);
      const high = counts.findLastIndex((count) => count > 0);
      if (low >= high) return levels((i) => i);
      const scale = 255 / (high - low);
      return levels((i) => Math.trunc(clip(i * scale + -low * scale)));
    }),
  );
}

function histogram({ data }: PixelImage, channel: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = channel; i < data.length; i += 3) counts[data[i]]++;
  return counts;
}
