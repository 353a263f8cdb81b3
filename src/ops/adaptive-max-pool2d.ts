// PyTorch's adaptive max pooling: window i of n covers the rows from floor(i H / n) to ceil((i + 1) H / n), so that adjacent
// windows may overlap by a row.

import * as tf from '@tensorflow/tfjs';
import { maxPool2d } from './max-pool2d';

/**
 * @example adaptiveMaxPool2d(tf.ones([1, 7, 5, 2]), [3, 3]).shape // [1, 3, 3, 2]
 */
export function adaptiveMaxPool2d(x: tf.Tensor4D, size: [number, number]): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  if (h % size[0] === 0 && w % size[1] === 0) return maxPool2d(x, { size: [h / size[0], w / size[1]] });
  return tf.tidy(() => {
    const rows = windowMax(x.reshape([n, h, w * c]), size[0]);
    const columns = windowMax(rows.reshape([n * size[0], w, c]), size[1]);
    return columns.reshape<tf.Tensor4D>([n, size[0], size[1], c]);
  });
}

/** [N, L, C] -> [N, count, C]; shorter windows are padded with -infinity. */
function windowMax(x: tf.Tensor3D, count: number): tf.Tensor3D {
  const [n, length, c] = x.shape;
  const bounds = Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.ceil(((i + 1) * length) / count),
  ]);
  const longest = Math.max(...bounds.map(([start, end]) => end - start));
  const index = bounds.flatMap(([start, end]) =>
    Array.from({ length: longest }, (_, k) => (start + k < end ? start + k : length)),
  );
  // not by repeating an element: the gradient of a maximum goes to each of several equal ones
  const padding = tf.fill<tf.Rank.R3>([n, 1, c], Number.NEGATIVE_INFINITY);
  const padded = tf.concat([x, padding], 1);
  const windows = tf.gather(padded, tf.tensor1d(index, 'int32'), 1).reshape([n, count, longest, c]);
  return tf.max(windows, 2);
}
