// Accuracies, logged beside the losses.

import * as tf from '@tensorflow/tfjs';

export interface AccuracyOptions {
  /** A largest score that is not above this counts as wrong. */
  threshold?: number | null;
  /** 1 for the rows that count, 0 for the others; [N]. All count without it. */
  counted?: tf.Tensor1D;
}

/** Share of rows whose largest score is the label's, in percent. Scores [N, C], labels [N] int32; 0 where none counts. */
export function accuracy(
  scores: tf.Tensor2D,
  labels: tf.Tensor1D,
  { threshold, counted }: AccuracyOptions = {},
): tf.Scalar {
  if (scores.shape[0] === 0) return tf.scalar(0);
  let correct = tf.equal(tf.argMax(scores, 1), labels).cast<tf.Tensor1D>('float32');
  if (threshold != null) correct = tf.mul(correct, tf.greater(tf.max(scores, 1), threshold).cast('float32'));
  if (!counted) return tf.mul(tf.mean(correct), 100);
  return tf.mul(tf.div(tf.sum(tf.mul(correct, counted)), tf.maximum(tf.sum(counted), 1)), 100);
}

/**
 * Shares of rows whose label is among the `k` largest scores, in percent. As mmpretrain's, which has 0 as its threshold, a score counts
 * above 0 alone, and of equal ones the label's counts as larger.
 */
export function topAccuracies(scores: tf.Tensor2D, labels: tf.Tensor1D, ks: readonly number[]): tf.Scalar[] {
  const own = tf.equal(labels.expandDims(1), tf.range(0, scores.shape[1], 1, 'int32')).cast('float32');
  const score = tf.sum(tf.mul(scores, own), 1, true);
  const above = tf.sum(tf.greater(scores, score).cast('float32'), 1, true);
  const counts = tf.greater(score, 0);
  return ks.map((k) => tf.mul(tf.mean(tf.logicalAnd(tf.less(above, k), counts).cast('float32')), 100));
}

/** `accuracy` over the rows whose label is below `classes`: those of objects. */
export function foregroundAccuracy(scores: tf.Tensor2D, labels: tf.Tensor1D, classes: number): tf.Scalar {
  const values = labels.dataSync<'int32'>();
  const positive = tf.tensor1d(
    Int32Array.from(values.keys()).filter((i) => values[i] < classes),
    'int32',
  );
  return accuracy(tf.gather(scores, positive), tf.gather(labels, positive));
}
