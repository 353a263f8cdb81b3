// Grids, random candidates and the rungs of successive halving.

import { expect, test } from 'vitest';
import { combinations, drawn, gridOf, rungsOf, type SearchSpace } from '../../src/analysis/search-space';
import { Random } from '../../src/random';

const lists = { lr: [1, 2], neck: ['a', 'b', 'c'] };

test('a grid has every combination once', () => {
  const grid = gridOf(lists);
  expect(combinations(lists)).toBe(6);
  expect(grid.slice(0, 4)).toEqual([
    { lr: 1, neck: 'a' },
    { lr: 1, neck: 'b' },
    { lr: 1, neck: 'c' },
    { lr: 2, neck: 'a' },
  ]);
  expect(new Set(grid.map((one) => JSON.stringify(one))).size).toBe(6);
});

test('random candidates differ, repeat with the seed, and are in their ranges', () => {
  const space = {
    ...lists,
    decay: { min: 1e-5, max: 1e-1, scale: 'log' },
    depth: { min: 2, max: 4, integer: true },
  } as const;
  const found = drawn(space, 400, Random.seeded(3));
  expect(found).toEqual(drawn(space, 400, Random.seeded(3)));
  const decades = [0, 0, 0, 0];
  const depths = new Map<unknown, number>();
  for (const { decay, depth } of found) {
    expect(decay).toBeGreaterThanOrEqual(1e-5);
    expect(decay).toBeLessThanOrEqual(1e-1);
    decades[Math.min(3, Math.floor(Math.log10(Number(decay)) + 5))]++;
    depths.set(depth, (depths.get(depth) ?? 0) + 1);
  }
  for (const count of decades) expect(count).toBeGreaterThan(70); // 100 expected
  expect([...depths.keys()].sort()).toEqual([2, 3, 4]);
  for (const count of depths.values()) expect(count).toBeGreaterThan(100); // 133 expected
  expect(drawn(lists, 50, Random.seeded(0)).length).toBe(6);
});

test.each([
  [27, 27, 3, ['27@1', '9@3', '3@9', '1@27']],
  [9, 12, 3, ['9@1', '3@4', '1@12']],
  [16, 8, 2, ['16@1', '8@2', '4@4', '2@8']],
  [2, 10, 3, ['2@10']],
])('%i candidates, %i epochs, one of %i', (candidates, epochs, factor, expected) => {
  expect(rungsOf(candidates, epochs, factor).map((rung) => `${rung.candidates}@${rung.epochs}`)).toEqual(expected);
});

test('a range of fewer values than the budget ends with all of them', () => {
  const values = (space: SearchSpace, count = 16) => drawn(space, count, Random.seeded(1)).map(({ x }) => Number(x));
  expect(values({ x: { min: 0, max: 3, integer: true } })).toEqual([0, 1, 2, 3]);
  expect(values({ x: { min: 0.5, max: 3.2, integer: true } })).toEqual([1, 2, 3]);
  expect(combinations({ x: { min: 0, max: 3, integer: true }, ...lists })).toBe(24);
  const narrow = values({ x: { min: 0.01, max: 0.0102 } });
  expect(new Set(narrow).size).toBe(16);
  expect(Math.min(...narrow)).toBeGreaterThanOrEqual(0.01);
  expect(Math.max(...narrow)).toBeLessThanOrEqual(0.0102);
  expect(values({ x: { min: 1, max: 1 + 2 * Number.EPSILON } }).length).toBeLessThanOrEqual(3);
});
