// Feature maps that a layer reads as one.

import * as tf from '@tensorflow/tfjs';
import { upsampleNearest } from './resize-nearest';

/** One map [N, H, W, C], or several of the same size or of half of it. */
export type FeatureMaps = tf.Tensor4D | readonly tf.Tensor4D[];

/**
 * Joins maps along channels to [N, H, W, sum of C]; H and W are the largest map's, and one of half that size is repeated to
 * 2 x 2 pixels. A single map is returned as it is.
 *
 * @example joinMaps([tf.ones([1, 4, 4, 8]), tf.ones([1, 2, 2, 8])]).shape // [1, 4, 4, 16]
 */
export function joinMaps(maps: FeatureMaps): tf.Tensor4D {
  if (!Array.isArray(maps)) return maps as tf.Tensor4D;
  const all: readonly tf.Tensor4D[] = maps;
  if (all.length === 1) return all[0];
  const height = Math.max(...all.map((map) => map.shape[1]));
  const repeated = (map: tf.Tensor4D) => (2 * map.shape[1] === height && height > 1 ? upsampleNearest(map, 2) : map);
  return tf.tidy(() => tf.concat(all.map(repeated), 3));
}
