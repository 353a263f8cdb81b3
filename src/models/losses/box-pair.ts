// Geometry of n predicted boxes and their n targets (xyxy), differentiable, as the IoU losses need it.

import * as tf from '@tensorflow/tfjs';

/** Columns are [n]; pairs of columns (x, y) are [n, 2]. */
export interface BoxPair {
  /** Intersection over union, by the divisor the loss asked for. */
  iou: tf.Tensor1D;
  union: tf.Tensor1D;
  /** Width and height of prediction and truth. */
  size: tf.Tensor2D;
  truthSize: tf.Tensor2D;
  /** Width and height of the smallest box around both, at least 0. */
  enclosing: tf.Tensor2D;
  /** From the center of the prediction to that of the truth. */
  shift: tf.Tensor2D;
}

/** Both columns of [n, 2] multiplied. */
export const area = (size: tf.Tensor): tf.Tensor1D => {
  const [w, h] = tf.unstack(size, -1);
  return tf.mul(w, h);
};

/** x where it is at least `low`; torch's clamp, whose gradient passes at `low` itself. */
export const atLeast = <T extends tf.Tensor>(x: T, low: number): T =>
  tf.clipByValue(x, low, Number.POSITIVE_INFINITY) as T;

/** `divisor` makes the union safe to divide by: adding an epsilon, or not going below it. */
export function boxPair(
  prediction: tf.Tensor2D,
  truth: tf.Tensor2D,
  divisor: (union: tf.Tensor1D) => tf.Tensor1D,
): BoxPair {
  const [p1, p2] = tf.split(prediction, 2, -1);
  const [t1, t2] = tf.split(truth, 2, -1);
  const size = tf.sub<tf.Tensor2D>(p2, p1);
  const truthSize = tf.sub<tf.Tensor2D>(t2, t1);
  const overlap = area(atLeast(tf.sub(tf.minimum(p2, t2), tf.maximum(p1, t1)), 0));
  const union = divisor(tf.sub(tf.add(area(size), area(truthSize)), overlap));
  return {
    iou: tf.div(overlap, union),
    union,
    size,
    truthSize,
    enclosing: atLeast(tf.sub(tf.maximum(p2, t2), tf.minimum(p1, t1)), 0),
    shift: tf.mul(tf.sub(tf.add(t1, t2), tf.add(p1, p2)), 0.5),
  };
}
