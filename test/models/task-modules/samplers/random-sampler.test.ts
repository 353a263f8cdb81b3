import { expect, test } from 'vitest';
import { Random } from '../../../../src/random';
import { assigned, noTruths, priors, sample, truths } from './assignment';

const type = 'RandomSampler';

test('takes at most its share of positives and fills up with negatives', () => {
  const all = assigned();
  const result = sample({ type, num: 8, pos_fraction: 0.25, add_gt_as_proposals: false }, { assigned: all });
  expect(result.positive).toHaveLength(2);
  expect(result.negative).toHaveLength(6);
  expect(result.avgFactor).toBe(8);
  for (const i of result.positive) expect(all.assigned[i]).toBeGreaterThan(0);
  for (const i of result.negative) expect(all.assigned[i]).toBe(0);
  expect([...result.negative]).toEqual([...result.negative].sort((a, b) => a - b));
  result.positive.forEach((i, k) => {
    const truth = all.assigned[i] - 1;
    expect(result.positiveTruth[k]).toBe(truth);
    expect(result.positiveLabels[k]).toBe(truths.labels[truth]);
    expect([...result.positiveBoxes.subarray(4 * k, 4 * k + 4)]).toEqual([
      ...truths.bboxes.subarray(4 * truth, 4 * truth + 4),
    ]);
  });
});

test('the ground-truth boxes join as their own positives, first', () => {
  const result = sample({ type, num: 1e6, pos_fraction: 1 });
  expect([...result.positive.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
  expect([...result.positiveTruth.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
  expect(result.priors.length).toBe(4 * 66);
  expect([...result.priors.subarray(0, 24)]).toEqual([...truths.bboxes]);
});

test('neg_pos_ub bounds the negatives, counting at least one positive', () => {
  const empty = { assigned: assigned(noTruths), instances: noTruths };
  const result = sample({ type, num: 50, pos_fraction: 0.5, neg_pos_ub: 3 }, empty);
  expect(result.negative).toHaveLength(3);
  expect(result.avgFactor).toBe(4);
});

test('one seed, one sample', () => {
  const draw = (seed: number) => sample({ type, num: 10, pos_fraction: 0.5 }, { random: Random.seeded(seed), priors });
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1).negative).not.toEqual(draw(2).negative);
});
