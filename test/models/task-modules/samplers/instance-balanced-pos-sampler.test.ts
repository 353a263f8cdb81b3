import { expect, test } from 'vitest';
import { count, given, run } from './assignment';

test('gives every ground truth its share of the positives', () => {
  // 60, 30 and 2 positives; 12 to sample: round(12 / 3) + 1 = 5 for each, 2 of the last, so 12 in all
  const assigned = given(Array.from({ length: 92 }, (_, i) => [i < 60 ? 1 : i < 90 ? 2 : 3, 0.7]));
  const options = { type: 'InstanceBalancedPosSampler', num: 24, pos_fraction: 0.5 };
  const { positive } = run(options, assigned);
  expect([1, 2, 3].map((t) => count(positive, (i) => assigned.assigned[i] === t))).toEqual([5, 5, 2]);
  expect([...positive]).toEqual([...new Set(positive)].sort((a, b) => a - b));
  // when the shares are more than that, chance decides
  const even = given(Array.from({ length: 90 }, (_, i) => [1 + (i % 3), 0.7]));
  expect(run(options, even).positive).toHaveLength(12);
  // and when they are fewer, the rest is drawn from all
  const two = given(Array.from({ length: 40 }, (_, i) => [i < 38 ? 1 : 2, 0.7]));
  const { positive: filled } = run(options, two);
  expect(filled).toHaveLength(12);
  expect(count(filled, (i) => i >= 38)).toBe(2);
  // few enough are all taken
  expect(run(options, given([[1, 0.6]])).positive).toEqual(Int32Array.of(0));
});
