import { expect, test } from 'vitest';
import { shortScore } from '../../src/visualization/short-score';

test('a score has at most three decimals, and none that say nothing', () => {
  expect([0.6311420202255249, 0.3, 0.0005, 0.99996, 0].map(shortScore)).toEqual(['0.631', '0.3', '0.001', '1', '0']);
});
