// Layer normalisation (Ba, Kiros and Hinton, 2016) over the last axis; a fused kernel where the engine has one.

import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './kernel';

export interface LayerNormOptions {
  /** [C]. */
  scale?: tf.Tensor;
  /** [C]. */
  offset?: tf.Tensor;
  epsilon?: number;
}

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + offset per vector of the last axis; `x` [..., C], any rank.
 * Differentiable in every tensor given.
 *
 * @example layerNorm(tf.randomNormal([2, 5, 16]), { scale: tf.ones([16]), offset: tf.zeros([16]) }).shape // [2, 5, 16]
 */
export function layerNorm<T extends tf.Tensor>(x: T, { scale, offset, epsilon = 1e-5 }: LayerNormOptions = {}): T {
  if (hasKernel('DetLayerNorm')) return runKernel<T>('DetLayerNorm', { x, scale, offset }, { epsilon });
  return tf.tidy(() => {
    const centered = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centered), -1, true);
    let y: tf.Tensor = tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon)));
    if (scale) y = tf.mul(y, scale);
    if (offset) y = tf.add(y, offset);
    return y as T;
  });
}
