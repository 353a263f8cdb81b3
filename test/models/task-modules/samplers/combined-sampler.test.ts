import { expect, test } from 'vitest';
import { buildSampler, count, given, run } from './assignment';

const options = {
  type: 'CombinedSampler',
  num: 40,
  pos_fraction: 0.25,
  add_gt_as_proposals: true,
  pos_sampler: { type: 'InstanceBalancedPosSampler' },
  neg_sampler: { type: 'IoUBalancedNegSampler', floor_thr: 0, floor_fraction: 0, num_bins: 3 },
};

test('samples positives by one and negatives by the other', () => {
  const rows = Array.from({ length: 200 }, (_, i): [number, number] =>
    i < 60 ? [i < 58 ? 1 : 2, 0.7] : [0, i < 190 ? 0 : 0.2],
  );
  const { positive, negative, numTruths } = run(options, given(rows));
  expect(numTruths).toBe(3);
  expect(positive).toHaveLength(10);
  // ground truth 2 has itself and two priors, ground truth 3 itself
  expect(positive.includes(2)).toBe(true);
  expect(count(positive, (i) => i === 1 || i === 61 || i === 62)).toBe(3);
  expect(negative).toHaveLength(30);
  expect(count(negative, (i) => i >= 193)).toBe(10);
});

test('refuses a sampler that takes everything, and needs what its parts need', () => {
  expect(() => buildSampler({ ...options, pos_sampler: { type: 'PseudoSampler' } })).toThrow(/PseudoSampler/);
  expect(buildSampler(options).needs).toEqual(['maxOverlaps']);
  expect(buildSampler({ ...options, pos_sampler: { type: 'OHEMSampler' } }).needs).toEqual([
    'perSampleLoss',
    'maxOverlaps',
  ]);
});
