// Overlaps and clipping of boxes.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { bboxOverlaps, clipBoxes, scaleBoxes, takeRows } from '../../src/geometry/boxes';
import { expectClose } from '../golden-data';

beforeAll(async () => void (await startEngine()));

test('box geometry', () => {
  const a = new Float32Array([0, 0, 2, 2]);
  const b = new Float32Array([1, 0, 3, 2, 0, 0, 1, 2, 5, 5, 6, 6]);
  expectClose(bboxOverlaps(a, b), [1 / 3, 0.5, 0], 1e-7);
  expectClose(bboxOverlaps(b, a, 'iof'), [0.5, 1, 0], 1e-7);
  expectClose(bboxOverlaps(a, b, 'giou'), [1 / 3, 0.5, -31 / 36], 1e-6);
  expect([...clipBoxes(new Float32Array([-1, 3, 20, 30]), [10, 12])]).toEqual([0, 3, 12, 10]);
  expect([...scaleBoxes(new Float32Array([1, 2, 3, 4]), [2, 0.5])]).toEqual([2, 1, 6, 2]);
});

test('overlaps of rows one by one are those of all at once', () => {
  const values = Array.from({ length: 60 }, (_, i) => ((i * 7919) % 101) / 1.7);
  const boxes = Float32Array.from(values, (v, i) => (i % 4 < 2 ? v : values[i - 2] + v));
  boxes[21] = Number.NaN;
  for (const mode of ['iou', 'iof', 'giou'] as const) {
    const all = bboxOverlaps(boxes, boxes, mode);
    for (let i = 0; i < 15; i++)
      expect(bboxOverlaps(boxes.subarray(4 * i, 4 * i + 4), boxes, mode)).toEqual(all.slice(15 * i, 15 * i + 15));
  }
});

test.each([4, 20])('rows of %i numbers are copied in the order of their indices', (width) => {
  const values = Float32Array.from({ length: 3 * width }, (_, i) => i);
  const row = (k: number) => [...values.slice(k * width, (k + 1) * width)];
  expect([...takeRows(values, [2, 0, 2], width)]).toEqual([...row(2), ...row(0), ...row(2)]);
});
