// Batch normalisation by batch statistics (Ioffe and Szegedy, 2015), fused with a residual addition and an activation:
// act(norm(x) * scale + offset + residual).

import * as tf from '@tensorflow/tfjs';
import { activateFused, type FusedActivation } from './activate';
import { hasKernel, runKernel } from './kernel';

export interface BatchNormTrainOptions {
  epsilon?: number;
  activation?: FusedActivation;
  /** Shape of `x`; added before the activation. */
  residual?: tf.Tensor4D;
}

export interface BatchNormTrainResult {
  y: tf.Tensor4D;
  /** [C], mean of the batch. */
  mean: tf.Tensor1D;
  /** [C], biased variance of the batch (divided by N * H * W). */
  variance: tf.Tensor1D;
}

/**
 * Normalises `x` [N, H, W, C] per channel over N, H and W; `scale` and `offset` are [C].
 * Differentiable in x, scale, offset and residual, not through `mean` and `variance`.
 *
 * @example batchNormTrain(tf.randomNormal([2, 4, 4, 3]), tf.ones([3]), tf.zeros([3])).y.shape // [2, 4, 4, 3]
 */
export function batchNormTrain(
  x: tf.Tensor4D,
  scale: tf.Tensor,
  offset: tf.Tensor,
  { epsilon = 1e-5, activation = 'linear', residual }: BatchNormTrainOptions = {},
): BatchNormTrainResult {
  if (hasKernel('DetBatchNorm')) {
    const [y, mean, variance] = runKernel<[tf.Tensor4D, tf.Tensor1D, tf.Tensor1D]>(
      'DetBatchNorm',
      { x, scale, offset, residual },
      { epsilon, activation },
    );
    return { y, mean, variance };
  }
  return tf.tidy(() => {
    const mean = tf.mean<tf.Tensor1D>(x, [0, 1, 2]);
    const centered = tf.sub(x, mean);
    const variance = tf.mean<tf.Tensor1D>(tf.square(centered), [0, 1, 2]);
    let y: tf.Tensor4D = tf.add(tf.mul(centered, tf.mul(tf.rsqrt(tf.add(variance, epsilon)), scale)), offset);
    if (residual) y = tf.add(y, residual);
    return { y: activateFused(y, activation), mean, variance };
  });
}
