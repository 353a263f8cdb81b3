// The draws are those of the seed, and the intervals hold what they should.

import { expect, test } from 'vitest';
import { percentileInterval, quantile, resampleImages } from '../../src/analysis/bootstrap';
import { Random } from '../../src/random';

function means(values: readonly number[], seed: number, resamples = 400): number[] {
  const found: number[] = [];
  resampleImages(values.length, { seed, resamples }, (weights) =>
    found.push(values.reduce((sum, value, i) => sum + value * weights[i], 0) / values.length),
  );
  return found;
}

test('the same seed draws the same images, another one others', () => {
  const values = Array.from({ length: 30 }, (_, i) => i);
  expect(means(values, 1)).toEqual(means(values, 1));
  expect(means(values, 1)).not.toEqual(means(values, 2));
});

test('the interval of a mean holds the true mean about as often as it says', () => {
  const random = Random.seeded(3);
  let held = 0;
  for (let i = 0; i < 200; i++) {
    const values = Array.from({ length: 40 }, () => random.normal(5, 2));
    const { low, high } = percentileInterval(means(values, i, 200))!;
    if (low <= 5 && high >= 5) held++;
  }
  expect(held / 200).toBeGreaterThan(0.88);
  expect(held / 200).toBeLessThan(0.99);
});

test("quantiles are NumPy's, and missing numbers are left out", () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([10, 20, 40], 0.9)).toBeCloseTo(36, 12);
  expect(percentileInterval([Number.NaN, 3, 1, 2], 1)).toEqual({ low: 1, high: 3 });
  expect(percentileInterval([Number.NaN])).toBeUndefined();
});

test('too few draws are refused', () => {
  expect(() => resampleImages(3, { resamples: 10 }, () => {})).toThrow(/10 times: expected an integer from 100 on/);
});
