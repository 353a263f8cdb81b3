// Max pooling with PyTorch's sizes: symmetric padding with -infinity, rounding down or (`ceilMode`) up.

import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './kernel';

export interface MaxPool2dOptions {
  size: [number, number];
  strides?: [number, number];
  padding?: [number, number];
  ceilMode?: boolean;
}

/** Number of windows along an axis; with `ceilMode` the last window must start inside the input or the left padding. */
function windows(length: number, size: number, stride: number, padding: number, ceilMode: boolean): number {
  const span = length + 2 * padding - size;
  if (!ceilMode) return Math.floor(span / stride) + 1;
  const count = Math.ceil(span / stride) + 1;
  return (count - 1) * stride >= length + padding ? count - 1 : count;
}

/**
 * Maximum of each window of `x` [N, H, W, C]; strides default to the window size.
 *
 * @example maxPool2d(tf.ones([1, 8, 8, 2]), { size: [3, 3], strides: [2, 2], padding: [1, 1] }).shape // [1, 4, 4, 2]
 */
export function maxPool2d(x: tf.Tensor4D, options: MaxPool2dOptions): tf.Tensor4D {
  const { size, strides = size, padding = [0, 0], ceilMode = false } = options;
  if (hasKernel('DetMaxPool2D'))
    return runKernel<tf.Tensor4D>('DetMaxPool2D', { x }, { size, strides, padding, ceilMode });
  return tf.tidy(() => {
    const pads = [0, 1].map((axis) => {
      const length = x.shape[axis + 1];
      const count = windows(length, size[axis], strides[axis], padding[axis], ceilMode);
      const needed = (count - 1) * strides[axis] + size[axis] - length - padding[axis];
      return [padding[axis], Math.max(needed, 0)] as [number, number];
    });
    const padded = pads.flat().some((n) => n > 0)
      ? tf.pad4d(x, [[0, 0], pads[0], pads[1], [0, 0]], Number.NEGATIVE_INFINITY)
      : x;
    return tf.maxPool(padded, size, strides, 'valid');
  });
}
