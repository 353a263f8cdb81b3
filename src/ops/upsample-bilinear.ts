// Bilinear enlargement with PyTorch's rule (align_corners false): half-pixel centres, edges repeated.

import * as tf from '@tensorflow/tfjs';
import { differentiatesNatively } from './kernel';

/**
 * Enlarges `x` [N, H, W, C] by a whole factor.
 *
 * @example upsampleBilinear(tf.ones([1, 2, 3, 4]), 2).shape // [1, 4, 6, 4]
 */
export function upsampleBilinear(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const [height, width] = [h * factor, w * factor];
  if (differentiatesNatively()) return tf.image.resizeBilinear(x, [height, width], false, true);
  // as two matrix products, whose gradients every backend has
  return tf.tidy(() => {
    const rows = tf.matMul(tf.tile(blend(h, height), [n, 1, 1]), x.reshape<tf.Tensor3D>([n, h, w * c]));
    const columns = tf.matMul(
      tf.tile(blend(w, width), [n * height, 1, 1]),
      rows.reshape<tf.Tensor3D>([n * height, w, c]),
    );
    return columns.reshape<tf.Tensor4D>([n, height, width, c]);
  });
}

/** [1, target, source]: how much of each source pixel a target pixel takes. */
function blend(source: number, target: number): tf.Tensor3D {
  const matrix = new Float32Array(target * source);
  for (let i = 0; i < target; i++) {
    const at = Math.max(((i + 0.5) * source) / target - 0.5, 0);
    const low = Math.min(Math.floor(at), source - 1);
    const rest = at - low;
    matrix[i * source + low] += 1 - rest;
    matrix[i * source + Math.min(low + 1, source - 1)] += rest;
  }
  return tf.tensor3d(matrix, [1, target, source]);
}
