// Batch normalisation by the statistics of the batches of all ranks (torch.nn.SyncBatchNorm). Each rank gives its mean and its
// sum of squared deviations, which are combined exactly (Chan, Golub and LeVeque, 1979): the mean of squares minus the square
// of the mean would lose the digits of channels whose mean is large.

import * as tf from '@tensorflow/tfjs';
import type { ProcessGroup } from '../engine/torch/process-group';
import { activateFused } from './activate';
import type { BatchNormTrainOptions, BatchNormTrainResult } from './batch-norm-train';
import { runKernel } from './kernel';

export interface SyncBatchNormResult extends BatchNormTrainResult {
  /** Values per channel, of all ranks. */
  count: number;
}

/**
 * `x` [N, H, W, C] normalised per channel over N, H and W of all ranks, whose N, H and W may differ; `scale` and `offset` are [C].
 * Differentiable in x, scale, offset and residual, and through the statistics, of a loss that is the sum of those of all ranks.
 */
export function syncBatchNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor,
  offset: tf.Tensor,
  { group, epsilon = 1e-5, activation = 'linear', residual }: BatchNormTrainOptions & { group: ProcessGroup },
): SyncBatchNormResult {
  const channels = x.shape[3];
  const count = x.size / channels;
  const wide = x.cast<tf.Tensor4D>('float32');
  const ownMean = tf.mean<tf.Tensor1D>(wide, [0, 1, 2]);
  const ownSquares = tf.sum<tf.Tensor1D>(tf.square(tf.sub(wide, ownMean)), [0, 1, 2]);
  const own = tf.concat<tf.Tensor1D>([ownMean, ownSquares, tf.tensor1d([count])]).expandDims<tf.Tensor2D>(0);
  // the sum over the ranks of rows that are zero but for one each are all rows
  const placed = tf.pad(own, [
    [group.rank, group.size - 1 - group.rank],
    [0, 0],
  ]);
  const all = runKernel<tf.Tensor2D>('DetRankSum', { x: placed }, {});
  const counts = tf.slice(all, [0, 2 * channels], [-1, 1]); // [R, 1]
  const means = tf.slice(all, [0, 0], [-1, channels]); // [R, C]
  const squares = tf.slice(all, [0, channels], [-1, channels]); // [R, C]
  const total = tf.sum(counts);
  const mean = tf.div<tf.Tensor1D>(tf.sum(tf.mul(means, counts), 0), total);
  const between = tf.sum(tf.mul(tf.square(tf.sub(means, mean)), counts), 0);
  const variance = tf.div<tf.Tensor1D>(tf.add(tf.sum(squares, 0), between), total);
  let y = tf.batchNorm4d(x, mean, variance, offset as tf.Tensor1D, scale as tf.Tensor1D, epsilon);
  if (residual) y = tf.add(y, residual);
  return { y: activateFused(y, activation), mean, variance, count: total.dataSync()[0] };
}
