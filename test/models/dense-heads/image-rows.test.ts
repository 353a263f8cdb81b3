import { expect, test } from 'vitest';
import { imageRows, levelSpans } from '../../../src/models/dense-heads/image-rows';

test('the part of an image is a view', () => {
  const values = Float32Array.of(0, 1, 2, 3, 4, 5);
  const second = imageRows(values, 1, 3);
  expect([...second]).toEqual([2, 3]);
  second[0] = 9;
  expect(values[2]).toBe(9);
});

test('levels follow each other', () => {
  expect(levelSpans([4, 0, 3])).toEqual([
    [0, 4],
    [4, 4],
    [4, 7],
  ]);
});
