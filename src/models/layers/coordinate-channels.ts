// CoordConv's channels (Liu et al., NeurIPS 2018): where a pixel is, from -1 at the first column or row to 1 at the last.

import * as tf from '@tensorflow/tfjs';
import { composite } from '../../ops/composite';

/** -1 to 1 in steps as PyTorch's linspace takes them; of one value, -1. */
function positions(count: number): Float32Array {
  const step = Math.fround(2 / Math.max(count - 1, 1));
  return Float32Array.from({ length: count }, (_, i) => (i < count / 2 ? step * i - 1 : 1 - step * (count - 1 - i)));
}

/**
 * A map [N, H, W, C] with one channel more for each of the axes, in their order.
 *
 * @example withCoordinates(tf.ones([1, 4, 4, 8]), 'xy').shape // [1, 4, 4, 10]
 */
export function withCoordinates(x: tf.Tensor4D, axes: 'x' | 'y' | 'xy'): tf.Tensor4D {
  const [n, h, w] = x.shape;
  const joined = () => {
    const channels = [...axes].map((axis) => {
      const line = axis === 'x' ? tf.tensor4d(positions(w), [1, 1, w, 1]) : tf.tensor4d(positions(h), [1, h, 1, 1]);
      return tf.tile(line, axis === 'x' ? [n, h, 1, 1] : [n, 1, w, 1]);
    });
    return tf.concat([x, ...channels], 3);
  };
  return tf.tidy(() => composite({ name: 'Coordinates', inputs: { x }, attrs: { axes } }, joined));
}
