// Images of float64 values between 0 and 1, RGB, as the corruptions compute.

import type { Random } from '../../../random';

export interface FloatImage {
  /** [height, width, 3] */
  data: Float64Array;
  height: number;
  width: number;
}

/** The same pixels with other values. */
export const withValues = ({ height, width }: FloatImage, data: Float64Array): FloatImage => ({ data, height, width });

export const clamp01 = (value: number): number => Math.min(Math.max(value, 0), 1);

/** Every value by itself, clipped. */
export function mapValues(image: FloatImage, change: (value: number, index: number) => number): FloatImage {
  return withValues(
    image,
    image.data.map((value, i) => clamp01(change(value, i))),
  );
}

/** A Poisson deviate: by products of uniform numbers, of large means in parts. */
export function poisson(mean: number, random: Random): number {
  let count = 0;
  for (let left = mean; left > 0; left -= 30) {
    const limit = Math.exp(-Math.min(left, 30));
    for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
  }
  return count;
}
