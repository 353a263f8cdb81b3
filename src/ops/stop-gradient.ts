// A value that gradients treat as a constant.

import * as tf from '@tensorflow/tfjs';

/**
 * @example tf.grad((x) => tf.sum(tf.mul(x, stopGradient(x))))(tf.tensor1d([3])) // 3, not 6
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const constant = tf.customGrad((input) => ({
    value: tf.clone(input as T),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return constant(x) as T;
}
