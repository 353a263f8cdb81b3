// The chart of a learning-rate range test.

import { expect, test } from 'vitest';
import { rateRangeSpec } from '../../src/visualization/rate-range-chart';

const chart = (marks: { rate: number; name: string }[]) => {
  const spec = rateRangeSpec({ title: 'lr', rates: [1e-6, 1e-4, 1e-2], losses: [3, 2, 4], smoothed: [3, 2, 4], marks });
  const [{ encoding }] = spec.layer as {
    encoding: { x: { scale: { domain: number[] }; axis: { values: number[] } } };
  }[];
  return encoding.x;
};

test('the axis is that of the rates', () => {
  expect(chart([{ rate: 1e-4, name: 'steepest descent' }]).scale.domain).toEqual([1e-6, 1e-2]);
});

test('a suggestion below the rates is on the axis', () => {
  const { scale, axis } = chart([{ rate: 1e-7, name: 'minimum / 10' }]);
  expect(scale.domain).toEqual([1e-7, 1e-2]);
  expect(axis.values[0]).toBeCloseTo(1e-7, 12);
});
