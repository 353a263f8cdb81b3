// Powers with a constant exponent; the usual ones cost one multiplication.

import * as tf from '@tensorflow/tfjs';

export function power(x: tf.Tensor, exponent: number): tf.Tensor {
  if (exponent === 1) return x;
  return exponent === 2 ? tf.square(x) : tf.pow(x, exponent);
}
