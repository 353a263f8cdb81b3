// Bilinear samples of a map at points, zero outside (PyTorch's grid_sample, corners not aligned): one head of deformable attention with
// one point for each query.

import * as tf from '@tensorflow/tfjs';
import { deformAttention } from './deform-attention';

/**
 * Maps [N, H, W, C] at points [N, P, 2] (x, y; 0 and 1 are the edges) -> [N, P, C]; differentiable in both.
 *
 * @example pointSample(tf.ones([1, 4, 4, 2]), tf.fill([1, 3, 2], 0.5)).shape // [1, 3, 2]
 */
export function pointSample(maps: tf.Tensor4D, points: tf.Tensor3D): tf.Tensor3D {
  const [n, height, width, channels] = maps.shape;
  const count = points.shape[1];
  return tf.tidy(() =>
    deformAttention(
      maps.reshape<tf.Tensor3D>([n, height * width, channels]),
      points.reshape<tf.Tensor4D>([n, count, 1, 2]),
      tf.ones<tf.Rank.R3>([n, count, 1]),
      { shapes: [[height, width]], heads: 1, points: 1 },
    ),
  );
}
