// Overlaps and clipping of boxes.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { bboxOverlaps, clipBoxes, scaleBoxes } from '../../src/geometry/boxes';
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
