// A batch norm over rows: BatchNorm1d of PyTorch.

import type * as tf from '@tensorflow/tfjs';
import type { BatchNorm2d } from '../../nn';

/** [N, C] -> [N, C]. */
export function forwardRows(norm: BatchNorm2d, x: tf.Tensor2D): tf.Tensor2D {
  const [n, channels] = x.shape;
  return norm.forward(x.reshape([n, 1, 1, channels])).reshape([n, channels]);
}
