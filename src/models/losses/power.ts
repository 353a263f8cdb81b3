// Powers of numbers >= 0 with a constant exponent; the usual ones cost one multiplication, and roots have no gradient at 0,
// where it is infinite.

import * as tf from '@tensorflow/tfjs';

/** The smallest normal number of float32. */
const SMALLEST = 1.2e-38;

export function power(x: tf.Tensor, exponent: number): tf.Tensor {
  if (exponent === 1) return x;
  if (exponent === 2) return tf.square(x);
  return tf.pow(exponent > 0 && exponent < 1 ? tf.maximum(x, SMALLEST) : x, exponent);
}
