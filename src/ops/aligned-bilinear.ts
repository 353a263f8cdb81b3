// CondInst's upsampling by a whole factor: bilinear, such that cells stay where the stride has them; the first values repeat
// (Tian et al., ECCV 2020). `alignedAxis` of masks/resample-mask.ts is the same map of one axis.

import * as tf from '@tensorflow/tfjs';
import { interpolate } from './interpolate';

const repeated = (x: tf.Tensor4D, axis: 1 | 2, at: 'first' | 'last', count: number): tf.Tensor4D => {
  if (count === 0) return x;
  const begin = [0, 0, 0, 0];
  const size = [...x.shape];
  begin[axis] = at === 'first' ? 0 : x.shape[axis] - 1;
  size[axis] = 1;
  const edge = tf.slice(x, begin as [number, number, number, number], size as [number, number, number, number]);
  const copies = Array<tf.Tensor4D>(count).fill(edge);
  return tf.concat(at === 'first' ? [...copies, x] : [x, ...copies], axis);
};

/** @example alignedBilinear(tf.ones([1, 4, 6, 3]), 2).shape // [1, 8, 12, 3] */
export function alignedBilinear(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  if (factor === 1) return x;
  return tf.tidy(() => {
    const [n, h, w, channels] = x.shape;
    const size: [number, number] = [factor * h + 1, factor * w + 1];
    const padded = repeated(repeated(x, 1, 'last', 1), 2, 'last', 1);
    const large = interpolate(padded, { size, mode: 'bilinear', alignCorners: true });
    const before = Math.floor(factor / 2);
    const shifted = repeated(repeated(large, 1, 'first', before), 2, 'first', before);
    return tf.slice(shifted, [0, 0, 0, 0], [n, factor * h, factor * w, channels]);
  });
}
