// A range test's numbers against their formulas.

import { expect, test } from 'vitest';
import { risingRates, smoothedLosses, suggestRates } from '../../src/analysis/rate-range';

test('rates rise by the same factor', () => {
  const rates = risingRates(1e-4, 1, 5);
  for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(10 ** (i - 4), 12);
});

test('the smoothed loss is the weighted mean of all losses so far', () => {
  const losses = [4, 2, 5, 1];
  const beta = 0.8;
  const expected = losses.map((_, i) => {
    const weights = losses.slice(0, i + 1).map((__, k) => beta ** (i - k));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.reduce((a, w, k) => a + w * losses[k], 0) / sum;
  });
  for (const [i, value] of smoothedLosses(losses, beta).entries()) expect(value).toBeCloseTo(expected[i], 12);
});

test('steepest descent of a logistic fall is at its middle; the minimum is where it rises again', () => {
  const rates = risingRates(1e-6, 1, 121);
  const losses = rates.map((rate) => {
    const x = Math.log10(rate);
    return 2 - 1 / (1 + Math.exp(-4 * (x + 3))) + (x > -1 ? 5 * (x + 1) ** 2 : 0);
  });
  const found = suggestRates(rates, losses)!;
  expect(Math.log10(found.steepest)).toBeCloseTo(-3, 1);
  expect(Math.log10(found.minimum)).toBeCloseTo(-1, 1);
  expect(found.minimumOverTen).toBe(found.minimum / 10);
});

test('a loss that never falls suggests nothing', () => {
  const rates = risingRates(1e-6, 1, 40);
  expect(suggestRates(rates, rates)).toBeUndefined();
  expect(
    suggestRates(
      rates,
      rates.map(() => 1),
    ),
  ).toBeUndefined();
});
