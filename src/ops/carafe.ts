// CARAFE's reassembly (Wang et al., ICCV 2019): every pixel of the enlarged map is the weighted sum of a window of the small
// one around its source, with weights of its own. One multiply-add over the map per tap of the window.

import * as tf from '@tensorflow/tfjs';

export interface CarafeOptions {
  /** Side of the window. */
  kernelSize: number;
  /** Parts of the channels that have weights of their own. */
  groups: number;
  scaleFactor: number;
}

/**
 * `x` [N, H, W, C] by `weights` [N, rH, rW, groups * k * k] to [N, rH, rW, C]; what lies outside the map counts as zero.
 *
 * @example carafe(tf.ones([1, 4, 4, 8]), tf.ones([1, 8, 8, 9]), { kernelSize: 3, groups: 1, scaleFactor: 2 }).shape // [1, 8, 8, 8]
 */
export function carafe(x: tf.Tensor4D, weights: tf.Tensor4D, options: CarafeOptions): tf.Tensor4D {
  const { kernelSize: k, groups, scaleFactor: r } = options;
  const [n, h, w, c] = x.shape;
  const reach = (k - 1) / 2;
  return tf.tidy(() => {
    const padded = tf.pad4d(x, [
      [0, 0],
      [reach, reach],
      [reach, reach],
      [0, 0],
    ]);
    // source pixels are rows, and the r x r pixels made of each of them stand together
    const own = tf
      .transpose(weights.reshape([n * h, r, w, r, groups * k * k]), [0, 2, 1, 3, 4])
      .reshape([n * h * w, r * r, groups, k * k]);
    let y: tf.Tensor | undefined;
    for (let tap = 0; tap < k * k; tap++) {
      const window = tf
        .slice(padded, [0, Math.floor(tap / k), tap % k, 0], [n, h, w, c])
        .reshape([n * h * w, 1, groups, c / groups]);
      const term = tf.mul(window, tf.slice(own, [0, 0, 0, tap], [n * h * w, r * r, groups, 1]));
      y = y ? tf.add(y, term) : term;
    }
    return tf
      .transpose(y!.reshape([n * h, w, r, r, c]), [0, 2, 1, 3, 4]) // [NH, r, W, r, C]
      .reshape<tf.Tensor4D>([n, h * r, w * r, c]);
  });
}
