// Reductions and what is built of them.

import * as tf from '@tensorflow/tfjs';
import type { Operations } from './operation';

export const reductions: Operations = {
  sum: ({ a }, { axis, keepDims }) => tf.sum(a, axis, keepDims),
  mean: ({ a }, { axis, keepDims }) => tf.mean(a, axis, keepDims),
  max: ({ a }, { axis, keepDims }) => tf.max(a, axis, keepDims),
  min: ({ a }, { axis, keepDims }) => tf.min(a, axis, keepDims),
  prod: ({ a }, { axis, keepDims }) => tf.prod(a, axis, keepDims),
  all: ({ a }, { axis, keepDims }) => tf.all(a, axis, keepDims),
  any: ({ a }, { axis, keepDims }) => tf.any(a, axis, keepDims),
  logSumExp: ({ a }, { axis, keepDims }) => tf.logSumExp(a, axis, keepDims),
  argMax: ({ a }, { axis }) => tf.argMax(a, axis),
  argMin: ({ a }, { axis }) => tf.argMin(a, axis),
  cumsum: ({ a }, { axis, exclusive, reverse }) => tf.cumsum(a, axis, exclusive, reverse),
  softmax: ({ a }, { dim }) => tf.softmax(a, dim),
  logSoftmax: ({ a }, { axis }) => tf.logSoftmax(a, axis),
  topk: ({ a }, { k }) => {
    const { values, indices } = tf.topk(a, k);
    return [values, indices];
  },
};
