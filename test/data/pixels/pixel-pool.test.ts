// Which arrays of pixels are used again.

import { expect, it } from 'vitest';
import { keepPixels, ownPixels, returnPixels, takePixels } from '../../../src/data/pixels/pixel-pool';

it('an array that is given back is the next one of its length', () => {
  const array = takePixels(300);
  returnPixels(array);
  expect(takePixels(301)).not.toBe(array);
  expect(takePixels(300)).toBe(array);
  expect(takePixels(300)).not.toBe(array);
});

it('an array is given back once, and not when others refer to it', () => {
  const [array, kept] = [takePixels(500), takePixels(500)];
  returnPixels(array);
  returnPixels(array);
  keepPixels(kept);
  returnPixels(kept);
  returnPixels(new Uint8Array(500));
  expect(takePixels(500)).toBe(array);
  const other = takePixels(500);
  expect(other).not.toBe(array);
  expect(other).not.toBe(kept);
});

it('a part of an array is never given back', () => {
  const part = new Uint8Array(900).subarray(0, 700);
  ownPixels(part);
  returnPixels(part);
  expect(takePixels(700).buffer).not.toBe(part.buffer);
});

it('what waits is bounded', () => {
  const arrays = Array.from({ length: 10 }, () => takePixels(4 * 2 ** 20));
  for (const array of arrays) returnPixels(array);
  const again = Array.from({ length: 10 }, () => takePixels(4 * 2 ** 20));
  expect(again.filter((array) => arrays.includes(array)).length).toBe(6);
});
