// A head over feature levels. What lies between a level and its predictions is freed before the next level is begun:
// at inference only one level's maps are held.

import * as tf from '@tensorflow/tfjs';

/** `f` of every level, the finest first. */
export function eachLevel<T extends tf.TensorContainer>(
  features: readonly tf.Tensor4D[],
  f: (x: tf.Tensor4D, level: number) => T,
): T[] {
  return features.map((x, level) => tf.tidy(() => f(x, level)));
}
