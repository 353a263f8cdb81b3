// Charts as text.

import { expect, test } from 'vitest';
import { sparkline } from '../../src/visualization/chart';

test('sparklines', () => {
  expect(sparkline([0, 1, 2, 3])).toBe('▁▃▆█');
  expect(sparkline([1, 1])).toBe('▁▁');
  expect(sparkline([Number.NaN])).toBe('');
  expect([
    ...sparkline(
      Array.from({ length: 1000 }, (_, i) => i),
      10,
    ),
  ]).toHaveLength(10);
  expect(
    sparkline(
      Array.from({ length: 300_000 }, (_, i) => i),
      4,
    ),
  ).toBe('▂▄▅▇');
});
