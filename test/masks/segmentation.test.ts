// Segmentations of COCO files.

import { expect, test } from 'vitest';
import { boxToRle, countsFromString, segmentationToRle } from '../../src/masks';

test('what a COCO file can hold, and what it cannot', () => {
  expect([...segmentationToRle({ size: [2, 3], counts: [1, 2, 3] }, 2, 3).counts]).toEqual([1, 2, 3]);
  expect([...segmentationToRle({ size: [2, 3], counts: '123' }, 2, 3).counts]).toEqual([1, 2, 3]);
  expect([...boxToRle([1, 0, 1, 2], 2, 3).counts]).toEqual([2, 2, 2]);
  expect(() => segmentationToRle({ size: [2, 3], counts: [1, 2] }, 2, 3)).toThrow(
    /its size \[2,3\], received 3 pixels/,
  );
  expect(() => countsFromString('1\n')).toThrow(/position 2/);
  expect(() => countsFromString('o')).toThrow(/nothing/);
});
