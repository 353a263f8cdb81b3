import { expect, test } from 'vitest';
import { spreadOf } from '../../src/analysis/spread';

test('mean and standard deviation of a sample, without what was not measured', () => {
  expect(spreadOf([0.2, 0.4, -1, undefined, 0.6])).toEqual({
    mean: expect.closeTo(0.4, 12),
    deviation: expect.closeTo(0.2, 12),
    count: 3,
  });
  expect(spreadOf([0.5])).toEqual({ mean: 0.5, deviation: Number.NaN, count: 1 });
  expect(spreadOf([-1])).toMatchObject({ mean: -1, count: 0 });
});
