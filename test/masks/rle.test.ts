// Bitmaps as run lengths.

import { expect, test } from 'vitest';
import { decodeRle, encodeRle, rleArea } from '../../src/masks';
import { golden, read } from './golden-masks';

test('a bitmap goes there and back', () => {
  for (const { h, w, counts } of golden.polygons) {
    const mask = read(counts, h, w);
    const bitmap = decodeRle(mask);
    expect(bitmap.reduce((a, b) => a + b, 0)).toBe(rleArea(mask));
    // a polygon's runs may hold empty ones; a bitmap's do not
    expect(decodeRle(encodeRle(bitmap, h, w))).toEqual(bitmap);
  }
  expect([...encodeRle([1, 0, 1, 0], 2, 2).counts]).toEqual([0, 2, 2]);
  expect([...encodeRle([0, 0], 1, 2).counts]).toEqual([2]);
});
