// The parts of an object joined to one outline, against MMYOLO 0.6.0's merge_multi_segment.

import { expect, test } from 'vitest';
import { mergePolygons } from '../../src/masks';

const square = (x: number) => [x, 0, x + 2, 0, x + 2, 2, x, 2];

test('parts are joined at their nearest points, forth and back', () => {
  const two = mergePolygons([square(0), square(4)]);
  expect([...two]).toEqual([2, 0, 2, 2, 0, 2, 0, 0, 2, 0, 4, 0, 6, 0, 6, 2, 4, 2, 4, 0]);
  const three = mergePolygons([square(0), square(4), square(8)]);
  expect([...three.subarray(10)]).toEqual([4, 0, 6, 0, 8, 0, 10, 0, 10, 2, 8, 2, 8, 0, 6, 0, 6, 2, 4, 2, 4, 0]);
  const crossing = mergePolygons([
    [37, 12, 8, 9, 11, 5, 15, 0],
    [16, 1, 12, 7, 6, 25, 20, 37],
    [18, 20, 11, 28, 29, 14, 4, 23],
    [23, 30, 32, 22, 13, 9, 7, 22],
  ]);
  expect([...crossing]).toEqual([
    ...[15, 0, 37, 12, 8, 9, 11, 5, 15, 0, 16, 1, 12, 7, 6, 25, 4, 23, 7, 22, 23, 30, 32, 22, 13, 9, 7, 22, 4, 23],
    ...[18, 20, 11, 28, 29, 14, 4, 23, 6, 25, 20, 37, 16, 1],
  ]);
});
