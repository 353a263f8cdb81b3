// Peaks of heat maps: the cells that are the maximum of their neighbourhood, in place of NMS (Zhou et al., Objects as Points, 2019).

import * as tf from '@tensorflow/tfjs';
import { maxPool2d } from '../../ops/max-pool2d';
import { topIndices } from '../../ops/top-indices';

/** `heat` [N, H, W, C] where it is the maximum of `kernel` x `kernel` cells, else 0; of an even kernel, more cells are before it. */
export function localMaxima(heat: tf.Tensor4D, kernel: number): tf.Tensor4D {
  const padding = Math.floor(kernel / 2);
  const windows = maxPool2d(heat, { size: [kernel, kernel], strides: [1, 1], padding: [padding, padding] });
  const highest = kernel % 2 === 0 ? tf.slice(windows, [0, 0, 0, 0], heat.shape) : windows;
  return tf.mul(heat, tf.equal(highest, heat).cast<tf.Tensor4D>('float32'));
}

export interface Peak {
  /** Index among the H * W cells. */
  cell: number;
  label: number;
  score: number;
}

/** The `count` highest of the values [H, W, C] of one image that are above 0, best first. */
export const peaksOf = (values: Float32Array, classes: number, count: number): Peak[] =>
  Array.from(topIndices(values, Math.min(count, values.length)), (at) => ({
    cell: Math.floor(at / classes),
    label: at % classes,
    score: values[at],
  })).filter(({ score }) => score > 0);
