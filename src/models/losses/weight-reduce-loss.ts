// Weighting and reduction of element-wise losses: MMDetection's `weight_reduce_loss`.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { LossCall } from './loss';

/** float32 epsilon: added to `avgFactor` so that an empty batch does not divide by zero. */
const EPSILON = 2 ** -23;

/**
 * Multiplies by the weights, then sums, averages or leaves as is.
 * With `avgFactor` the mean is `sum / (avgFactor + 2^-23)`.
 * @throws DetLabError when `avgFactor` comes with `sum`.
 * @example weightReduceLoss(tf.tensor1d([1, 3]), { reduction: 'mean', avgFactor: 8 }) // 0.5
 */
export function weightReduceLoss(loss: tf.Tensor, { weight, avgFactor, reduction = 'mean' }: LossCall): tf.Tensor {
  const weighted = weight ? tf.mul(loss, weight) : loss;
  if (reduction === 'none') return weighted;
  // of nothing the mean is 0, with a zero gradient (PyTorch: NaN)
  if (avgFactor === undefined) return reduction === 'mean' && weighted.size > 0 ? tf.mean(weighted) : tf.sum(weighted);
  if (reduction === 'sum')
    throw new DetLabError(
      'Cannot reduce a loss: avg_factor goes only with reduction "mean" or "none", received "sum". Leave one of the two out',
    );
  const divisor = typeof avgFactor === 'number' ? avgFactor + EPSILON : tf.add(avgFactor, EPSILON);
  return tf.div(tf.sum(weighted), divisor);
}
