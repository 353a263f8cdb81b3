import { expect, test } from 'vitest';
import { assigned, sample } from './assignment';

test('takes all that is not ignored and counts positives only', () => {
  const all = assigned();
  const result = sample({ type: 'PseudoSampler' }, { assigned: all });
  expect(result.positive.length + result.negative.length).toBe([...all.assigned].filter((a) => a >= 0).length);
  expect(result.avgFactor).toBe(result.positive.length);
});
