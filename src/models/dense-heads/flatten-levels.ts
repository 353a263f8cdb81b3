// Predictions of all levels in one row per image.

import * as tf from '@tensorflow/tfjs';

/** Maps [N, H, W, k * columns] -> [N, T, columns], rows of cells first, float32: mixed precision ends here. */
export function flattenLevels(levels: tf.Tensor4D[], columns: number): tf.Tensor3D {
  const rows = levels.map((x) => x.reshape<tf.Tensor3D>([x.shape[0], -1, columns]));
  return tf.concat(rows, 1).cast<tf.Tensor3D>('float32');
}
