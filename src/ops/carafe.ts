// CARAFE's reassembly (Wang et al., ICCV 2019): every pixel of the upsampled map is a weighted sum of a window around its
// source pixel, with weights per pixel. One multiply-add over the map per tap of the window.

import * as tf from '@tensorflow/tfjs';

export interface CarafeOptions {
  /** Size of the window. */
  kernelSize: number;
  /** Channel groups with separate weights. */
  groups: number;
  scaleFactor: number;
}

/**
 * `x` [N, H, W, C] by `weights` [N, rH, rW, groups * k * k] to [N, rH, rW, C], with zero padding.
 *
 * @example carafe(tf.ones([1, 4, 4, 8]), tf.ones([1, 8, 8, 9]), { kernelSize: 3, groups: 1, scaleFactor: 2 }).shape // [1, 8, 8, 8]
 */
export function carafe(x: tf.Tensor4D, weights: tf.Tensor4D, options: CarafeOptions): tf.Tensor4D {
  const { kernelSize: k, groups, scaleFactor: r } = options;
  const [n, h, w, c] = x.shape;
  const radius = (k - 1) / 2;
  return tf.tidy(() => {
    const padded = tf.pad4d(x, [
      [0, 0],
      [radius, radius],
      [radius, radius],
      [0, 0],
    ]);
    // rows are source pixels, with the r x r output pixels of each adjacent
    const bySource = tf
      .transpose(weights.reshape([n * h, r, w, r, groups * k * k]), [0, 2, 1, 3, 4])
      .reshape([n * h * w, r * r, groups, k * k]);
    let y: tf.Tensor | undefined;
    for (let tap = 0; tap < k * k; tap++) {
      const window = tf
        .slice(padded, [0, Math.floor(tap / k), tap % k, 0], [n, h, w, c])
        .reshape([n * h * w, 1, groups, c / groups]);
      const term = tf.mul(window, tf.slice(bySource, [0, 0, 0, tap], [n * h * w, r * r, groups, 1]));
      y = y ? tf.add(y, term) : term;
    }
    return tf
      .transpose(y!.reshape([n * h, w, r, r, c]), [0, 2, 1, 3, 4]) // [NH, r, W, r, C]
      .reshape<tf.Tensor4D>([n, h * r, w * r, c]);
  });
}
