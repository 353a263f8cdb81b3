// The box that a set of points stands for (Yang et al., RepPoints, ICCV 2019). N images, P points.

import * as tf from '@tensorflow/tfjs';
import { scaleGradient } from '../../ops/scale-gradient';

export type PointTransform = 'minmax' | 'partial_minmax' | 'moment';

/**
 * @param points [..., 2 P], y and x of each
 * @param transfer with `moment`: logarithms [2] of the half width and height in standard deviations of x and y (else 0), and the
 * factor on their gradient
 * @returns [..., 4], xyxy
 */
export function boxesOfPoints(
  points: tf.Tensor,
  transform: PointTransform,
  transfer?: { logSizes: tf.Tensor1D; gradient: number },
): tf.Tensor {
  const shape = points.shape.slice(0, -1);
  const pairs = points.reshape([...shape, -1, 2]);
  const [y, x] = tf.unstack(pairs, -1); // [..., P]
  if (transform === 'moment') {
    const [logWidth, logHeight] = transfer
      ? tf.unstack(scaleGradient(transfer.logSizes, transfer.gradient))
      : [tf.scalar(0), tf.scalar(0)];
    const [mx, my] = [x, y].map((axis) => tf.mean(axis, -1, true));
    const half = [tf.mul(deviation(x, mx), tf.exp(logWidth)), tf.mul(deviation(y, my), tf.exp(logHeight))];
    return tf.concat([tf.sub(mx, half[0]), tf.sub(my, half[1]), tf.add(mx, half[0]), tf.add(my, half[1])], -1);
  }
  const first = (axis: tf.Tensor) => (transform === 'minmax' ? axis : tf.slice(axis, 0, [...shape, 4]));
  const [xs, ys] = [first(x), first(y)];
  return tf.stack([tf.min(xs, -1), tf.min(ys, -1), tf.max(xs, -1), tf.max(ys, -1)], -1);
}

/** Standard deviation of a sample, [..., 1]; its gradient is 0 where all values are equal, as torch's. */
function deviation(values: tf.Tensor, mean: tf.Tensor): tf.Tensor {
  const count = values.shape[values.rank - 1];
  const variance = tf.div(tf.sum(tf.square(tf.sub(values, mean)), -1, true), count - 1);
  const positive = tf.greater(variance, 0);
  return tf.where(positive, tf.sqrt(tf.where(positive, variance, tf.onesLike(variance))), tf.zerosLike(variance));
}
