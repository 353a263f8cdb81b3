import { expect, test } from 'vitest';
import { given, run } from './assignment';

test('takes those of the largest loss, and needs a head that computes it', () => {
  const assigned = given(Array.from({ length: 50 }, (_, i) => [i < 10 ? 1 + (i % 3) : 0, i < 10 ? 0.7 : 0.1]));
  const options = { type: 'OHEMSampler', num: 8, pos_fraction: 0.5, add_gt_as_proposals: false };
  const priors = Float32Array.from({ length: 200 }, (_, i) => i >> 2);
  const perSampleLoss = (boxes: Float32Array, labels: Int32Array) =>
    Float32Array.from(labels, (label, i) => (label < 0 ? -boxes[4 * i] : (boxes[4 * i] * 7) % 10));
  const result = run(options, assigned, { priors, perSampleLoss });
  // 7 i mod 10 is largest for 7, 4, 1 and 8
  expect([...result.positive]).toEqual([1, 4, 7, 8]);
  expect([...result.negative]).toEqual([10, 11, 12, 13]);
  expect(() => run(options, assigned)).toThrow(/OHEMSampler: expected a head that computes the loss of each sample/);
});
