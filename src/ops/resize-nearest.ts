// Nearest-neighbour resizing with PyTorch's rule: output row i reads input row floor(i * in / out).

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { differentiatesNatively } from './kernel';

/**
 * Resizes `x` [N, H, W, C] to `size` [H', W'].
 *
 * @example resizeNearest(tf.ones([1, 2, 3, 4]), [4, 5]).shape // [1, 4, 5, 4]
 */
export function resizeNearest(x: tf.Tensor4D, size: [number, number]): tf.Tensor4D {
  const [, height, width] = x.shape;
  if (height === size[0] && width === size[1]) return tf.clone(x);
  if (differentiatesNatively()) return tf.image.resizeNearestNeighbor(x, size);
  // custom gradient: tfjs's is missing on one backend and wrong for batches on another
  const resize = tf.customGrad<tf.Tensor4D>(() => ({
    value: tf.image.resizeNearestNeighbor(x, size),
    gradFunc: (dy) => foldBack(dy, [height, width]),
  }));
  return resize(x);
}

/** Resizes by a factor, sizes rounded down. */
export function upsampleNearest(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  if (!(factor > 0)) throw new DetLabError(`Cannot resize: expected a factor > 0, received ${factor}`);
  return resizeNearest(x, [Math.floor(x.shape[1] * factor), Math.floor(x.shape[2] * factor)]);
}

/** Sums the gradients of all output pixels of each input pixel. */
function foldBack(dy: tf.Tensor4D, [height, width]: [number, number]): tf.Tensor4D {
  const [n, outHeight, outWidth, channels] = dy.shape;
  const fh = outHeight / height;
  const fw = outWidth / width;
  if (Number.isInteger(fh) && Number.isInteger(fw)) return tf.mul(tf.avgPool(dy, [fh, fw], [fh, fw], 'valid'), fh * fw);
  // rows: R [H, H'] x [N, H', W' C]; columns: C [W, W'] x [N H, W', C]
  const rows = tf.matMul(
    tf.tile(readers(height, outHeight), [n, 1, 1]),
    dy.reshape<tf.Tensor3D>([n, outHeight, outWidth * channels]),
  );
  const columns = tf.matMul(
    tf.tile(readers(width, outWidth), [n * height, 1, 1]),
    rows.reshape<tf.Tensor3D>([n * height, outWidth, channels]),
  );
  return columns.reshape([n, height, width, channels]);
}

/** [1, input, output], 1 where the output pixel reads the input pixel. */
function readers(input: number, output: number): tf.Tensor3D {
  const matrix = new Float32Array(input * output);
  for (let i = 0; i < output; i++) matrix[Math.min(input - 1, Math.floor((i * input) / output)) * output + i] = 1;
  return tf.tensor3d(matrix, [1, input, output]);
}
