import { expect, test } from 'vitest';
import { topIndices } from '../../src/ops/top-indices';
import { Random } from '../../src/random';

test('agrees with a full stable sort, ties and all', () => {
  const random = Random.seeded(2);
  for (const n of [1, 2, 7, 100, 1000])
    for (const levels of [2, 10, 1e6]) {
      const values = Float32Array.from({ length: n }, () => Math.floor(random.uniform(0, levels)));
      const sorted = Array.from(values.keys()).sort((i, j) => values[j] - values[i] || i - j);
      for (const k of [0, 1, Math.ceil(n / 3), n - 1, n, n + 5])
        expect([...topIndices(values, k)]).toEqual(sorted.slice(0, k));
    }
});

test('NaN is lowest', () => {
  expect([...topIndices(new Float32Array([Number.NaN, 1, Number.NaN, 3, 2]), 3)]).toEqual([3, 4, 1]);
  expect(topIndices(new Float32Array([Number.NaN, 1, Number.NaN, 3]), 3)[0]).toBe(3);
});

test('NaN follows -infinity, and fills up where there are too few numbers', () => {
  const values = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, Number.NaN, 3);
  expect([...topIndices(values, 3)]).toEqual([3, 1, 0]);
  expect([...topIndices(values, 4)]).toEqual([3, 1, 0, 2]);
});
