// Element-wise binary cross entropy, -y log p - (1 - y) log(1 - p), and labels as rows of 0 and 1.

import * as tf from '@tensorflow/tfjs';

/** From logits: log(1 + e^x) - x y. */
export const bceWithLogits = (logits: tf.Tensor, target: tf.Tensor): tf.Tensor =>
  tf.sub(tf.softplus(logits), tf.mul(logits, target));

/** e^-87, of which the logarithm and its gradient are finite in float32. */
const SMALLEST = 1.2e-38;

/** From probabilities; logarithms are -100 at 0, as PyTorch has it, without a gradient there (1 / 0 times 0 is NaN). */
export function bce(probability: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const log = (p: tf.Tensor) => tf.where(tf.less(p, SMALLEST), tf.fill(p.shape, -100), tf.log(tf.maximum(p, SMALLEST)));
  return tf.neg(tf.add(tf.mul(target, log(probability)), tf.mul(tf.sub(1, target), log(tf.sub(1, probability)))));
}

/** [N] -> [N, classes] of 0 and 1; a label outside 0 .. classes-1 (background, ignored) gives a row of zeros. */
export const classRows = (labels: tf.Tensor, classes: number): tf.Tensor2D =>
  tf.equal(labels.expandDims(-1), tf.range(0, classes, 1, 'int32')).cast<tf.Tensor2D>('float32');

/** A weight per row, or per element but flat, brought to the shape of the loss [N, C]. */
export function matchWeight(weight: tf.Tensor | undefined, loss: tf.Tensor): tf.Tensor | undefined {
  if (!weight || weight.rank === loss.rank) return weight;
  return weight.size === loss.size ? weight.reshape(loss.shape) : weight.reshape([loss.shape[0], 1]);
}
