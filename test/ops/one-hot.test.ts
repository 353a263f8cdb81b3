// Labels as rows, of one class too.

import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { oneHot } from '../../src/ops/one-hot';

test('a row of each label, of zeros for one that is no class', () => {
  const rows = (labels: number[], classes: number) => oneHot(tf.tensor1d(labels, 'int32'), classes).arraySync();
  expect(rows([2, 0, 3, -1], 3)).toEqual([
    [0, 0, 1],
    [1, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(rows([0, 0, 1], 1)).toEqual([[1], [1], [0]]);
  expect(oneHot(tf.tensor1d([], 'int32'), 2).shape).toEqual([0, 2]);
});
