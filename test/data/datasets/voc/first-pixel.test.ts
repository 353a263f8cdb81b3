// Folders that count from 0: what proves it, and what becomes of coordinates.

import { expect, it, vi } from 'vitest';
import { readVocAnnotation } from '../../../../src/data/datasets/voc/annotation';
import { findZeroBased, fromZero, zeroBased } from '../../../../src/data/datasets/voc/first-pixel';
import { vocXml } from '../cases';

const annotation = (box: (number | string)[], head = '') =>
  readVocAnnotation(Buffer.from(vocXml([['x', box]], { head })), 'a.xml', 'a');

it('is proved by the pixel 0 and by fractions', () => {
  expect(zeroBased(annotation([0, 5, 20, 30]))).toBe('xmin 0 of object 1 in "a.xml"');
  expect(zeroBased(annotation([3, 5, 20.5, 30]))).toBe('xmax 20.5 of object 1 in "a.xml"');
  expect(zeroBased(annotation([1, 5, '20.0', 30]))).toBeUndefined();
  expect(zeroBased(annotation([-3, 5, 20, 30]))).toBeUndefined();
});

it('is known of some tools, and never of the official datasets', () => {
  expect(zeroBased(annotation([3, 5, 20, 30], '<owner><name>Label Studio</name></owner>'))).toMatch(/Label Studio/);
  const official = '<source><database>The VOC2012 Database</database></source>';
  expect(zeroBased(annotation([3.5, 5, 20, 30], official))).toBeUndefined();
});

it('is looked for in the rest of the folder only where the split proves nothing', async () => {
  const plain = annotation([3, 5, 20, 30]);
  const proof = annotation([0, 5, 20, 30]);
  const others = vi.fn(async () => [plain, proof]);
  expect(await findZeroBased([proof], others)).toMatch(/xmin 0/);
  const official = annotation([3, 5, 20, 30], '<source><database>The VOC2007 Database</database></source>');
  expect(await findZeroBased([official], others)).toBeUndefined();
  expect(others).not.toHaveBeenCalled();
  expect(await findZeroBased([plain], others)).toMatch(/xmin 0/);
});

it('decides how coordinates are read', () => {
  expect(fromZero([1, 2.7, 30, 40], 'pixels', 1)).toEqual([0, 1, 29, 39]);
  expect(fromZero([0, 2.7, 30, 40], 'pixels', 0)).toEqual([0, 2.7, 30, 40]);
  expect(fromZero([1, 2.7, 30, 40], 'positions', 1)).toEqual([1, 2.7, 30, 40]);
});
