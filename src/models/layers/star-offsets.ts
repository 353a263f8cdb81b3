// Offsets of a 3x3 deformable convolution that samples nine points of a box: its corners, the centers of its sides, its center
// (the star of VarifocalNet, Zhang et al., CVPR 2021).

import * as tf from '@tensorflow/tfjs';
import { conv2d } from '../../ops/conv2d';

const TAPS = [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => [y, x]));
/** By distance left, top, right, bottom: what it adds to (y, x) of each tap. */
const MOVES = [
  TAPS.flatMap(([, x]) => [0, x < 0 ? -1 : 0]),
  TAPS.flatMap(([y]) => [y < 0 ? -1 : 0, 0]),
  TAPS.flatMap(([, x]) => [0, x > 0 ? 1 : 0]),
  TAPS.flatMap(([y]) => [y > 0 ? 1 : 0, 0]),
];

/** Distances of a box's sides from the cell [N, H, W, 4], in cells -> offsets [N, H, W, 18], (y, x) per tap. */
export const starOffsets = (distances: tf.Tensor4D): tf.Tensor4D =>
  conv2d(distances, tf.tensor4d(MOVES.flat(), [1, 1, 4, 2 * TAPS.length]), {
    bias: tf.tensor1d(TAPS.flat().map((v) => -v)),
  });
