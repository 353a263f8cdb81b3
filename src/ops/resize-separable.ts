// Resizing as two matrix products, one per axis: PyTorch's interpolate with align_corners false (`nearest`, `bilinear`,
// `bicubic` with a = -0.75), for the modes and gradients TensorFlow.js does not have. Meant for small maps.

import * as tf from '@tensorflow/tfjs';

export type InterpolationMode = 'nearest' | 'bilinear' | 'bicubic';

/** Keys' cubic convolution kernel (1981) at distance `t`. */
function cubic(t: number): number {
  const a = -0.75;
  const x = Math.abs(t);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * a * x - 4 * a : 0;
}

/** Row i holds the weights of the source's positions in the result's position i. */
function weights(from: number, to: number, mode: InterpolationMode): tf.Tensor2D {
  const values = new Float32Array(to * from);
  const add = (i: number, at: number, weight: number) => {
    values[i * from + Math.min(Math.max(at, 0), from - 1)] += weight;
  };
  for (let i = 0; i < to; i++) {
    if (mode === 'nearest') {
      add(i, Math.floor((i * from) / to), 1);
      continue;
    }
    const centre = ((i + 0.5) * from) / to - 0.5;
    const position = mode === 'bilinear' ? Math.max(centre, 0) : centre;
    const base = Math.floor(position);
    const t = position - base;
    if (mode === 'bilinear') {
      add(i, base, 1 - t);
      add(i, base + 1, t);
    } else for (let k = -1; k <= 2; k++) add(i, base + k, cubic(t - k));
  }
  return tf.tensor2d(values, [to, from]);
}

/**
 * `x` [N, H, W, C] to [N, size[0], size[1], C]; differentiable.
 *
 * @example resizeSeparable(tf.ones([1, 14, 14, 192]), [20, 30], 'bicubic').shape // [1, 20, 30, 192]
 */
export function resizeSeparable(x: tf.Tensor4D, size: [number, number], mode: InterpolationMode): tf.Tensor4D {
  return tf.tidy(() => {
    const [n, h, w, c] = x.shape;
    const [height, width] = size;
    const rows = tf.transpose(x, [1, 0, 2, 3]).reshape<tf.Tensor2D>([h, n * w * c]);
    const tall = tf.matMul(weights(h, height, mode), rows).reshape<tf.Tensor4D>([height, n, w, c]);
    const columns = tf.transpose(tall, [2, 1, 0, 3]).reshape<tf.Tensor2D>([w, n * height * c]);
    const wide = tf.matMul(weights(w, width, mode), columns).reshape<tf.Tensor4D>([width, n, height, c]);
    return tf.transpose(wide, [1, 2, 0, 3]);
  });
}
