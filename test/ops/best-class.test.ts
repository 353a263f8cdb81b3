import { expect, test } from 'vitest';
import { bestClass } from '../../src/ops/best-class';

test('the largest score of each row, the first of those that tie', () => {
  const { scores, labels } = bestClass(Float32Array.of(0.25, 0.5, 0.125, 0.5, 0.5, 0), 3);
  expect([...scores]).toEqual([0.5, 0.5]);
  expect([...labels]).toEqual([1, 0]);
});

test('columns beyond the classes are background and do not compete', () => {
  const { scores, labels } = bestClass(Float32Array.of(0.25, 0.125, 0.75), 3, 2);
  expect([...scores]).toEqual([0.25]);
  expect([...labels]).toEqual([0]);
});

test('no rows give none', () => {
  expect(bestClass(new Float32Array(0), 3).labels).toHaveLength(0);
});

test('NaN is chosen only where nothing else is', () => {
  const nan = Number.NaN;
  expect([...bestClass(Float32Array.of(nan, 0.2, 0.3, 0.3, nan, 0.2, nan, nan, nan), 3).labels]).toEqual([2, 0, 0]);
});
