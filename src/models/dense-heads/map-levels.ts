// A head over feature levels. Whatever is computed between a level and its predictions is freed before the next level
// begins: at inference only one level's maps are held.

import * as tf from '@tensorflow/tfjs';

/** `f` of every level, the finest first. */
export function mapLevels<T extends tf.TensorContainer>(
  features: readonly tf.Tensor4D[],
  f: (x: tf.Tensor4D, level: number) => T,
): T[] {
  return features.map((x, level) => tf.tidy(() => f(x, level)));
}
