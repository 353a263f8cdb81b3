// Bicubic resizing of 8-bit images with the arithmetic of cv2.resize(INTER_CUBIC): weights in 11 bits along x, then products in
// single precision along y. Equal to OpenCV without Intel's IPP, with which its x86 builds round a value in twenty otherwise.

import { roundHalfEven } from '../../geometry/round-half-even';
import type { PixelImage } from '../types';
import { takePixels } from './pixel-pool';

const f = Math.fround;
const SCALE = 2048;
const A = -0.75;

/** Of every target index: the first of four source indices, and their weights. */
function weights(source: number, target: number): { from: Int32Array; taps: Int32Array } {
  const step = 1 / (target / source);
  const from = new Int32Array(target);
  const taps = new Int32Array(4 * target);
  const near = (x: number) => f(f(f(f(f(f(A + 2) * x) - f(A + 3)) * x) * x) + 1);
  for (let i = 0; i < target; i++) {
    const centre = f((i + 0.5) * step - 0.5);
    const whole = Math.floor(centre);
    const x = f(centre - whole);
    const next = f(x + 1);
    const first = f(f(f(f(f(f(f(A * next) - 5 * A) * next) + 8 * A) * next)) - 4 * A);
    const [second, third] = [near(x), near(f(1 - x))];
    const last = f(f(f(1 - first) - second) - third);
    from[i] = whole - 1;
    for (const [k, weight] of [first, second, third, last].entries())
      taps[4 * i + k] = roundHalfEven(f(weight * SCALE));
  }
  return { from, taps };
}

const within = (i: number, n: number): number => Math.min(Math.max(i, 0), n - 1);

/** `image` at `width` x `height`; the same object when it has that size already. */
export function resizeBicubic(image: PixelImage, width: number, height: number): PixelImage {
  if (width === image.width && height === image.height) return image;
  const narrowed = alongX(image, width);
  const { from, taps } = weights(image.height, height);
  const stride = 3 * width;
  const out = takePixels(stride * height);
  for (let y = 0, o = 0; y < height; y++) {
    const starts = [0, 1, 2, 3].map((k) => within(from[y] + k, image.height) * stride);
    const shares = [0, 1, 2, 3].map((k) => f(taps[4 * y + k] * f(1 / (SCALE * SCALE))));
    for (let x = 0; x < stride; x++, o++) {
      let sum = f(narrowed[starts[3] + x] * shares[3]);
      for (let k = 2; k >= 0; k--) sum = f(f(narrowed[starts[k] + x] * shares[k]) + sum);
      out[o] = Math.min(Math.max(roundHalfEven(sum), 0), 255);
    }
  }
  return { data: out, width, height, order: image.order };
}

/** Weighted sums along x, [height, width, 3], in single precision as they are read along y. */
function alongX({ data, width: before, height }: PixelImage, width: number): Float32Array {
  const { from, taps } = weights(before, width);
  const out = new Float32Array(3 * width * height);
  for (let y = 0, o = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, o++) {
        let sum = 0;
        for (let k = 0; k < 4; k++) sum += data[(y * before + within(from[x] + k, before)) * 3 + c] * taps[4 * x + k];
        out[o] = sum;
      }
  return out;
}
