// A smaller gradient, as of layers that should hardly train what they read.

import * as tf from '@tensorflow/tfjs';
import { stopGradient } from './stop-gradient';

/**
 * `x`, whose gradient is multiplied by `factor`.
 *
 * @example tf.grad((x) => tf.sum(scaleGradient(x, 0.1)))(tf.tensor1d([3])) // 0.1
 */
export const scaleGradient = <T extends tf.Tensor>(x: T, factor: number): T =>
  tf.add<T>(tf.mul(stopGradient(x), 1 - factor), tf.mul(x, factor));
