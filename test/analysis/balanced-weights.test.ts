// Class weights by the number of objects: scikit-learn's compute_class_weight('balanced'), and the same with roots.

import { expect, test } from 'vitest';
import { balancedWeights } from '../../src/analysis/balanced-weights';

test('balanced is scikit-learn 1.x of 12, 3 and 45 objects', () => {
  const [a, b, c] = balancedWeights([12, 3, 45], 'balanced');
  expect(a).toBeCloseTo(1.66666667, 7);
  expect(b).toBeCloseTo(6.66666667, 7);
  expect(c).toBeCloseTo(0.44444444, 7);
});

test.each(['balanced', 'sqrt'] as const)('%s: the mean over all objects is 1, a class without any has 1', (rule) => {
  const counts = [12, 0, 3, 45];
  const weights = balancedWeights(counts, rule);
  expect(counts.reduce((sum, n, c) => sum + n * weights[c], 0) / 60).toBeCloseTo(1, 12);
  expect(weights[1]).toBe(1);
  expect(weights[2] / weights[3]).toBeCloseTo(rule === 'sqrt' ? Math.sqrt(15) : 15, 12);
});
