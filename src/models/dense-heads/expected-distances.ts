// The expected values of distributions over whole numbers (Li et al., Generalized Focal Loss, NeurIPS 2020), without a buffer of
// the numbers: YOLOv6, YOLOv8, PP-YOLOE.

import * as tf from '@tensorflow/tfjs';

/** Logits [N, H, W, 4 * bins] of distributions over 0 to bins - 1 -> expected values [N, H, W, 4]. */
export function expectedDistances(logits: tf.Tensor4D, bins: number): tf.Tensor4D {
  const [n, h, w] = logits.shape;
  const shares = tf.softmax(logits.reshape([n * h * w * 4, bins]).cast('float32'));
  const values = tf.range(0, bins, 1, 'float32').reshape<tf.Tensor2D>([bins, 1]);
  return tf.matMul(shares, values).reshape([n, h, w, 4]);
}
