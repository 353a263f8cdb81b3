// How often images are repeated: the indices of mmengine 0.10's ClassBalancedDataset.

import { expect, test } from 'vitest';
import { imageFrequencies, repeatCounts } from '../../../src/data/datasets/repeat-counts';

const CLASSES = [[0, 0, 1], [0], [0, 2], [], [1, 0], [0], [3, 3, 1], [0], [0, 1], [0]];
const images = CLASSES.map((labels) => new Set(labels));

test.each([
  [0.001, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [0.3, [0, 1, 2, 2, 3, 4, 5, 6, 6, 7, 8, 9]],
  [0.9, [0, 0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9]],
  [1, [0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 8, 8, 9, 9]],
])('threshold %f', (threshold, indices) => {
  expect(repeatCounts(images, threshold).flatMap((n, i) => new Array<number>(n).fill(i))).toEqual(indices);
});

test('an image counts once for each of its classes', () => {
  expect(imageFrequencies(images)).toEqual(
    new Map([
      [0, 0.8],
      [1, 0.4],
      [2, 0.1],
      [3, 0.1],
    ]),
  );
});
