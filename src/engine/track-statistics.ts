// The running statistics of a batch norm (torch.nn.BatchNorm2d): running += momentum * (batch - running), the variance unbiased.

import * as tf from '@tensorflow/tfjs';
import { BACKEND, type TorchBackend } from './torch/backend';
import { native } from './torch/native';
import { exclusiveSlot } from './torch/steps';

/** What a batch norm keeps of the batches it has seen. */
export interface RunningStatistics {
  /** [C] */
  mean: tf.Variable;
  /** [C], unbiased. */
  variance: tf.Variable;
  /** Number of batches, an int32 scalar. */
  batches: tf.Variable;
}

/** What it measured on one batch. */
export interface BatchStatistics {
  /** [C] */
  mean: tf.Tensor;
  /** [C], biased. */
  variance: tf.Tensor;
  /** Values per channel. */
  count: number;
}

/**
 * Moves running statistics towards a batch's by `momentum` and counts the batch: on the torch engine one call, in place.
 *
 * @example trackStatistics({ mean, variance, batches }, { mean: batchMean, variance: batchVariance, count: 4096 }, 0.1)
 */
export function trackStatistics(running: RunningStatistics, batch: BatchStatistics, momentum: number): void {
  if (tf.getBackend() !== BACKEND) {
    trackByOperations(running, batch, momentum);
    return;
  }
  const backend = tf.backend() as TorchBackend;
  native.trackStatistics(
    exclusiveSlot(backend, running.mean),
    exclusiveSlot(backend, running.variance),
    exclusiveSlot(backend, running.batches),
    backend.slotOf(batch.mean),
    backend.slotOf(batch.variance),
    momentum,
    batch.count,
  );
}

/** The same on any backend. */
export function trackByOperations(running: RunningStatistics, batch: BatchStatistics, momentum: number): void {
  const move = (variable: tf.Variable, value: tf.Tensor, factor: number) =>
    variable.assign(tf.add(tf.mul(variable, 1 - momentum), tf.mul(value, momentum * factor)));
  tf.tidy(() => {
    move(running.mean, batch.mean, 1);
    move(running.variance, batch.variance, batch.count / Math.max(batch.count - 1, 1));
    running.batches.assign(tf.add(running.batches, tf.scalar(1, 'int32')));
  });
}
