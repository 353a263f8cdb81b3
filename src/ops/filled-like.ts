// A tensor of one value, whose size is that of a computed one: where a network is recorded at several sizes, it changes with them.

import * as tf from '@tensorflow/tfjs';
import { composite } from './composite';

/**
 * @param x what the shape is made of
 * @example filledLike(map, [map.shape[0], map.shape[1], map.shape[2]], 0) // [N, H, W]
 */
export const filledLike = <R extends tf.Rank>(x: tf.Tensor, shape: tf.ShapeMap[R], value: number): tf.Tensor<R> =>
  composite({ name: 'FilledLike', inputs: { x }, attrs: { value } }, () => tf.fill<R>(shape, value));
