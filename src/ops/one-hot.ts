// Labels as rows of 0 and 1, also of a single class, which TensorFlow.js' oneHot refuses.

import * as tf from '@tensorflow/tfjs';

/** [N] -> [N, classes]; a label outside 0 .. classes-1 (background, ignored) gives a row of zeros. */
export function oneHot(labels: tf.Tensor, classes: number): tf.Tensor2D {
  return tf.equal(labels.expandDims(-1), tf.range(0, classes, 1, 'int32')).cast('float32');
}
