// Dropout (Srivastava et al., JMLR 2014): zeroes each value with probability `rate` and divides the others by 1 - rate. A seed
// gives the same mask on the same engine; engines draw different ones.

import * as tf from '@tensorflow/tfjs';
import { Random } from '../random';
import { hasKernel, runKernel } from './kernel';

/**
 * @param noiseShape shape of the mask if whole slices are dropped together ([N, 1, 1] for whole samples)
 * @example dropout(tf.ones([2, 4]), 0.5, 7) // values 0 or 2
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, seed: number, noiseShape?: number[]): T {
  if (rate <= 0) return x;
  if (!noiseShape && hasKernel('DetDropout')) return runKernel<T>('DetDropout', { x }, { rate, seed });
  return tf.tidy(() => tf.mul(x, dropoutMask(noiseShape ?? x.shape, rate, seed)) as T);
}

/** 0 with probability `rate`, else 1 / (1 - rate). */
function dropoutMask(shape: number[], rate: number, seed: number): tf.Tensor {
  const random = Random.seeded(seed);
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  for (let i = 0; i < values.length; i++) values[i] = random.uniform() < rate ? 0 : 1 / (1 - rate);
  return tf.tensor(values, shape);
}
