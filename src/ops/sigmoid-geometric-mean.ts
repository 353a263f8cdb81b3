// The geometric mean of two probabilities, from their logits.

import * as tf from '@tensorflow/tfjs';

/**
 * sqrt(sigmoid(x) * sigmoid(y)), shapes broadcast. Computed in logarithms, so that neither the value nor its gradient
 * z (1 - sigmoid(x)) / 2 is NaN where both probabilities vanish.
 *
 * @example sigmoidGeometricMean(tf.tensor1d([0, -200]), tf.tensor1d([0, -200])) // 0.5, 0
 */
export function sigmoidGeometricMean<T extends tf.Tensor>(x: T, y: T): T {
  const negativeLog = tf.add(tf.softplus(tf.neg(x)), tf.softplus(tf.neg(y)));
  return tf.exp(tf.mul(negativeLog, -0.5)) as T;
}
