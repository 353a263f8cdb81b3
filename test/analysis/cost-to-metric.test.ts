// Time and energy until a metric.

import { expect, test } from 'vitest';
import { costTo, reachedByAll } from '../../src/analysis/cost-to-metric';

const fast = [0.1, 0.4, 0.3].map((AP, i) => ({ metrics: { AP }, seconds: 10 * (i + 1), joules: 100 * (i + 1) }));
const slow = [0.1, 0.2, 0.35].map((AP, i) => ({ metrics: { AP }, seconds: 7 * (i + 1) }));

test('the value that all reach, and what each has taken until then', () => {
  expect(reachedByAll([fast, slow], 'AP')).toBe(0.35);
  expect(costTo(fast, 'AP', 0.35, 'seconds')).toBe(20);
  expect(costTo(fast, 'AP', 0.35, 'joules')).toBe(200);
  expect(costTo(slow, 'AP', 0.35, 'seconds')).toBe(21);
  expect(costTo(slow, 'AP', 0.35, 'joules')).toBeUndefined();
  expect(costTo(slow, 'AP', 0.5, 'seconds')).toBeUndefined();
});

test('nothing is reached by all where one has no AP', () => {
  expect(reachedByAll([fast, []], 'AP')).toBeUndefined();
  expect(reachedByAll([fast, [{ metrics: { AP: 0 } }]], 'AP')).toBeUndefined();
  expect(reachedByAll([], 'AP')).toBeUndefined();
});
