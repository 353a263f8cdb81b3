import { expect, test } from 'vitest';
import { centerness, centernessOf } from '../../../src/models/dense-heads/centerness';

test('is 1 at the centre, sqrt(1/3) a quarter to the side, 0 on an edge and outside', () => {
  const distances = Float32Array.of(4, 2, 4, 2, 2, 2, 6, 2, 0, 2, 8, 2, -1, 2, 9, 2, -1, -1, 9, 5);
  const found = centernessOf(distances);
  for (const [i, v] of [1, Math.sqrt(1 / 3), 0, 0, 0].entries()) expect(found[i]).toBeCloseTo(v, 6);
});

test('of the centre of an anchor', () => {
  const box = Float32Array.of(0, 0, 8, 4);
  expect(centerness(Float32Array.of(1, 1, 3, 3), box)[0]).toBeCloseTo(Math.sqrt(1 / 3), 6);
});
