// Offsets by which a 3x3 deformable convolution samples a box: its nine taps over the box as a grid (the adaptive convolution of
// Cascade RPN, Vu et al., NeurIPS 2019).

import * as tf from '@tensorflow/tfjs';
import type { Size } from '../../geometry/boxes';

/** (y, x) of each tap. */
const TAPS = [-1, 0, 1].flatMap((y) => [-1, 0, 1].flatMap((x) => [y, x]));

/** Boxes [N, H W, 4] of the cells of a level, in pixels -> offsets [N, H, W, 18], (y, x) per tap. */
export function boxOffsets(boxes: tf.Tensor3D, [height, width]: Size, stride: readonly [number, number]): tf.Tensor4D {
  const rows = boxes.reshape([-1, height, width, 4]);
  const [low, high] = tf.split(tf.div(rows, [...stride, ...stride]), 2, 3); // (x, y), in cells
  const reach = tf.sub(tf.mul(tf.sub(high, low), 0.5), 1);
  const shift = tf.sub(tf.mul(tf.add(low, high), 0.5), cells([height, width]));
  const eachTap = (xy: tf.Tensor) => tf.tile(tf.reverse(xy, 3), [1, 1, 1, TAPS.length / 2]);
  return tf.add(eachTap(shift), tf.mul(eachTap(reach), TAPS));
}

/** (x, y) of every cell [H, W, 2]. */
function cells([height, width]: Size): tf.Tensor3D {
  const x = tf.tile(tf.range(0, width).reshape([1, width, 1]), [height, 1, 1]);
  const y = tf.tile(tf.range(0, height).reshape([height, 1, 1]), [1, width, 1]);
  return tf.concat([x, y], 2) as tf.Tensor3D;
}
