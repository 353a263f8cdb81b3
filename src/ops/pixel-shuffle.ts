// Pixel shuffle (Shi et al., CVPR 2016) with PyTorch's channel order: channel c r r + i r + j becomes row i, column j of the
// r x r block of output channel c.

import * as tf from '@tensorflow/tfjs';

/**
 * @example pixelShuffle(tf.ones([1, 4, 5, 12]), 2).shape // [1, 8, 10, 3]
 */
export function pixelShuffle(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [n, h, w, channels] = x.shape;
  const c = channels / (factor * factor);
  return tf.tidy(() => {
    const blocks = tf.transpose(x.reshape([n * h, w, c, factor, factor]), [0, 3, 1, 4, 2]); // [NH, r, W, r, C]
    return blocks.reshape<tf.Tensor4D>([n, h * factor, w * factor, c]);
  });
}
