import { expect, test } from 'vitest';
import { PRIORITIES, priority, priorityValue } from '../../../src/training/hooks/priority';

test('a level is known in any case, a number is taken as it is', () => {
  expect(['VERY_HIGH', 'low', 'Below_Normal', 49].map(priorityValue)).toEqual([10, 70, 60, 49]);
  expect(Object.values(PRIORITIES)).toEqual([0, 10, 30, 40, 50, 60, 70, 90, 100]);
});

test.each(['HIHG', -1, 101, 1.5])('%s is refused', (given) => {
  expect(priority.safeParse(given).success).toBe(false);
});
