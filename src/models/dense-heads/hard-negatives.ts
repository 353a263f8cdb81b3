// Online hard example mining of one image: the loss of its positives, and of the negatives with the highest losses.

import * as tf from '@tensorflow/tfjs';
import { stopGradient } from '../../ops';

/**
 * The sum of these losses [T]; undefined where there is neither.
 * @param labels [T], `numClasses` for negatives
 * @param limit how many negatives, for a number of positives
 */
export function hardNegativeLoss(
  losses: tf.Tensor1D,
  labels: Int32Array,
  numClasses: number,
  limit: (positives: number) => number,
): tf.Scalar | undefined {
  const indices = Int32Array.from(labels.keys());
  const positive = indices.filter((k) => labels[k] < numClasses);
  const negative = indices.filter((k) => labels[k] === numClasses);
  const count = Math.min(Math.floor(limit(positive.length)), negative.length);
  if (positive.length + count === 0) return undefined;
  const negatives = tf.gather(losses, tf.tensor1d(negative, 'int32'));
  const hardest = stopGradient(negatives, (values) => {
    const top = tf.topk(values, count).indices as tf.Tensor1D;
    return tf.unsortedSegmentSum(tf.ones([count]), top, values.size);
  });
  const positives = tf.gather(losses, tf.tensor1d(positive, 'int32'));
  return tf.add<tf.Scalar>(tf.sum(positives), tf.sum(tf.mul(negatives, hardest)));
}
