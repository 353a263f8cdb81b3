// Corner pooling (Law and Deng, CornerNet, ECCV 2018): each cell takes the largest value from itself to one edge of the map, as
// mmcv's CornerPool. In steps of 1, 2, 4, ... cells; of equal values the last one that a scan meets has the gradient, as in torch.

import * as tf from '@tensorflow/tfjs';
import { composite } from './composite';

/** Where a corner is seen from: `top` looks down from a top edge, over the cells below. */
export type CornerDirection = 'top' | 'bottom' | 'left' | 'right';

/** @example cornerPool(tf.tensor4d([1, 3, 2], [1, 1, 3, 1]), 'left') // 3, 3, 2 */
export function cornerPool(x: tf.Tensor4D, direction: CornerDirection): tf.Tensor4D {
  const axis = direction === 'top' || direction === 'bottom' ? 1 : 2;
  const backward = direction === 'top' || direction === 'left'; // over the cells that follow
  return composite({ name: 'CornerPool', inputs: { x }, attrs: { axis, backward } }, () => pooled(x, axis, backward));
}

function pooled(x: tf.Tensor4D, axis: 1 | 2, backward: boolean): tf.Tensor4D {
  const size = x.shape[axis];
  return tf.tidy(() => {
    let y = x;
    for (let step = 1; step < size; step *= 2) {
      const earlier = shifted(y, axis, backward ? -step : step);
      // torch's cummax: the later of equal values, and NaN from where it appears
      const later = tf.logicalOr(tf.greaterEqual(y, earlier), tf.isNaN(y));
      y = tf.where(later, y, earlier);
    }
    return y === x ? tf.clone(x) : y;
  });
}

/** Cells moved by `step` along an axis; minus infinity where none comes from. */
function shifted(x: tf.Tensor4D, axis: 1 | 2, step: number): tf.Tensor4D {
  const begin = [0, 0, 0, 0];
  const size = [...x.shape];
  const paddings: [number, number][] = [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  const distance = Math.abs(step);
  size[axis] -= distance;
  if (step < 0) begin[axis] = distance;
  paddings[axis] = step < 0 ? [0, distance] : [distance, 0];
  return tf.pad(tf.slice(x, begin, size), paddings, Number.NEGATIVE_INFINITY);
}
