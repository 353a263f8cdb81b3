import { expect, test } from 'vitest';
import { count, given, run } from './assignment';

test('takes as many negatives from every range of overlap', () => {
  // overlaps 0 (100), 0.05 (100), 0.15 (50), 0.25 (4), 0.3 (1): the largest bounds the ranges and is outside them
  const overlaps = [
    ...Array(100).fill(0),
    ...Array(100).fill(0.05),
    ...Array(50).fill(0.15),
    ...Array(4).fill(0.25),
    0.3,
  ];
  const assigned = given(overlaps.map((v) => [0, v]));
  const options = { type: 'IoUBalancedNegSampler', num: 30, pos_fraction: 0, num_bins: 3 };
  const share = (more: object) => {
    const { negative } = run({ ...options, ...more }, assigned);
    expect(new Set(negative).size).toBe(30);
    return [0, 0.05, 0.15, 0.25, 0.3].map((v) => count(negative, (i) => Math.abs(overlaps[i] - v) < 1e-6));
  };
  const all = share({});
  expect(all[0] + all[1]).toBeGreaterThanOrEqual(10); // the lowest range begins at 0
  expect(all[2]).toBeGreaterThanOrEqual(10);
  expect(all[3]).toBe(4);
  // 12 from above 0.1 (three ranges of 4), 18 from below
  const floor = share({ floor_thr: 0.1, floor_fraction: 0.6 });
  expect(floor[0] + floor[1]).toBe(18);
  expect(floor[3]).toBe(4);
  // with a floor of 0: half of those without overlap, half of the others
  const zero = share({ floor_thr: 0, floor_fraction: 0.5 });
  expect(zero[0]).toBe(15);
  expect(zero[1]).toBeGreaterThanOrEqual(5);
  // one bin is a plain draw
  expect(share({ num_bins: 1, floor_thr: 0 })[0]).toBe(0);
  // fewer candidates than that are all taken, whatever their overlap
  expect(run({ ...options, num: 400 }, assigned).negative).toHaveLength(255);
});
