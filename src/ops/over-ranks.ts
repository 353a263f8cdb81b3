// What divides losses in a run of several processes: sums and means over the ranks (MMDetection's reduce_mean), so that the mean of
// the ranks' gradients is the gradient of one process with the whole batch. In one process, and outside of training steps, they
// are the values themselves. All ranks must call them equally often: also where this rank has no positives.
//
// The reference averages the divisors of some heads and leaves out others (AnchorHead, the RoI heads), and its lower bound of 1
// is that of the mean: here all are averaged, and the bound is that of the whole batch, so that the number of processes does not
// change the loss.

import * as tf from '@tensorflow/tfjs';
import { stepGroup } from '../engine/step-group';
import { runKernel } from './kernel';

export function sumOverRanks(value: number): number {
  const group = stepGroup();
  return group ? group.sumNow([value])[0] : value;
}

/**
 * The mean over the ranks.
 * @param atLeast lower bound of the sum
 * @example const avgFactor = meanOverRanks(positives.length, 1);
 */
export function meanOverRanks(value: number, atLeast = Number.NEGATIVE_INFINITY): number {
  return Math.max(sumOverRanks(value), atLeast) / (stepGroup()?.size ?? 1);
}

/** The sum over the ranks of a tensor without a gradient. */
export function tensorOverRanks<T extends tf.Tensor>(x: T): T {
  return stepGroup() ? runKernel<T>('DetRankSum', { x }, {}) : x;
}

/** `meanOverRanks` of a scalar without a gradient, which is not read back. */
export function meanTensorOverRanks(x: tf.Scalar, atLeast: number): tf.Scalar {
  const sum = tf.maximum<tf.Scalar>(tensorOverRanks(x), atLeast);
  const group = stepGroup();
  return group ? tf.div(sum, group.size) : sum;
}

/** How many processes train together. */
export const rankCount = (): number => stepGroup()?.size ?? 1;
