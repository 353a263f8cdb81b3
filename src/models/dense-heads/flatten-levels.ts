// From feature maps by level to one table of predictions per image.
// N images, H and W of a level, T priors over all levels, K numbers per prior.

import * as tf from '@tensorflow/tfjs';
import type { Size } from '../task-modules';

/** Maps [N, H, W, A * K] -> [N, T, K], cell by cell, level by level; float32: mixed precision ends here. */
export function flattenLevels(maps: tf.Tensor4D[], columns: number): tf.Tensor3D {
  const rows = maps.map((x) => x.reshape<tf.Tensor3D>([x.shape[0], -1, columns]));
  return tf.concat(rows, 1).cast<tf.Tensor3D>('float32');
}

/** [H, W] of each map. */
export const featmapSizes = (maps: { shape: number[] }[]): Size[] => maps.map(({ shape }) => [shape[1], shape[2]]);
