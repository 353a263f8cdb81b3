// 1 / (|x|^power + eps): what MMDetection's normalised predictors (NormedLinear, NormedConv2d) divide by.

import * as tf from '@tensorflow/tfjs';

export interface NormOptions {
  /** Exponent of the norm. */
  power: number;
  /** Added to it. */
  eps: number;
}

/** Where x is all zeros, the gradient of the norm is 0, as in PyTorch: this square is below all that count. */
const SMALLEST_SQUARE = 1e-30;

/** Over `axes` of `x`; with `keepDims` they stay, of size 1. */
export function inverseNorm<T extends tf.Tensor>(
  x: tf.Tensor,
  axes: number | number[],
  { power, eps }: NormOptions,
  keepDims = false,
): T {
  const norm = tf.sqrt(tf.maximum(tf.sum(tf.square(x), axes, keepDims), SMALLEST_SQUARE));
  return tf.div<T>(1, tf.add(power === 1 ? norm : tf.pow(norm, power), eps));
}
