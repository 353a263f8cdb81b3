// Every n-th pixel along both axes, with a gradient on every engine (TensorFlow.js has none for strided slices).

import * as tf from '@tensorflow/tfjs';
import { composite } from './composite';

/**
 * Pixels (i * step + offset) of `x` [N, H, W, C], `size` of them along each axis; zero beyond the edge.
 *
 * @example everyNth(tf.ones([1, 5, 5, 2]), 2).shape // [1, 3, 3, 2]
 */
export function everyNth(
  x: tf.Tensor4D,
  step: number,
  [top, left]: [number, number] = [0, 0],
  size?: [number, number],
): tf.Tensor4D {
  const [, h, w] = x.shape;
  const [rows, columns] = size ?? [Math.ceil((h - top) / step), Math.ceil((w - left) / step)];
  if (step === 1 && top === 0 && left === 0 && rows === h && columns === w) return x;
  // the whole map is one strided slice elsewhere
  const isWhole = !size && top === 0 && left === 0;
  const take = () => cells(x, step, [top, left], [rows, columns]);
  return isWhole ? composite({ name: 'EveryNth', inputs: { x }, attrs: { step } }, take) : take();
}

function cells(
  x: tf.Tensor4D,
  step: number,
  [top, left]: [number, number],
  [rows, columns]: [number, number],
): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  return tf.tidy(() => {
    const [height, width] = [rows * step, columns * step];
    const part = tf.slice(x, [0, top, left, 0], [n, Math.min(h - top, height), Math.min(w - left, width), c]);
    const padded = tf.pad(part, [
      [0, 0],
      [0, height - part.shape[1]],
      [0, width - part.shape[2]],
      [0, 0],
    ]);
    // by axis: the first row of each cell, then the first column
    const rowsOfCells = tf.slice(padded.reshape([n * rows, step, width * c]), [0, 0, 0], [n * rows, 1, width * c]);
    const firsts = rowsOfCells.reshape([n * rows * columns, step, c]);
    return tf.slice(firsts, [0, 0, 0], [n * rows * columns, 1, c]).reshape([n, rows, columns, c]);
  });
}
