// Rows of RoIs and orders of them.

import { expect, test } from 'vitest';
import { roisOf, takeRois, unpermute } from '../../../src/models/roi-heads/rois';

test('boxes of several images become rows with the number of their image', () => {
  const rois = roisOf([Float32Array.of(1, 2, 3, 4), new Float32Array(0), Float32Array.of(5, 6, 7, 8, 9, 10, 11, 12)]);
  expect([...rois]).toEqual([0, 1, 2, 3, 4, 2, 5, 6, 7, 8, 2, 9, 10, 11, 12]);
  expect([...takeRois(rois, [2, 0])]).toEqual([2, 9, 10, 11, 12, 0, 1, 2, 3, 4]);
});

test('rows computed in an order are put back', () => {
  const order = Int32Array.of(2, 0, 1);
  const values = Float32Array.of(20, 21, 0, 1, 10, 11); // rows 2, 0 and 1
  expect([...unpermute(values, order)]).toEqual([0, 1, 10, 11, 20, 21]);
  expect(unpermute(new Float32Array(0), new Int32Array(0))).toHaveLength(0);
});
