// Top-1 accuracy, logged beside the losses.

import * as tf from '@tensorflow/tfjs';

/** Share of rows whose largest score is the label's, in percent. Scores [N, C], labels [N] int32; 0 for N = 0. */
export function accuracy(scores: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  if (scores.shape[0] === 0) return tf.scalar(0);
  const correct = tf.equal(tf.argMax(scores, 1), labels).cast('float32');
  return tf.mul(tf.mean(correct), 100);
}
