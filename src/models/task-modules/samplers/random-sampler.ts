// RandomSampler: a fixed number of priors, of which at most a given share is positive.

import { z } from 'zod';
import type { Random } from '../../../random';
import { defineModule } from '../../../registry';
import type { AssignResult, Instances, Sampler, SamplingResult } from '../types';
import { samplingResult } from './sampling-result';

const options = z.strictObject({
  num: z.number().int().positive().describe('Priors to choose'),
  pos_fraction: z.number().min(0).max(1).describe('Largest share of positives'),
  neg_pos_ub: z.number().default(-1).describe('Largest number of negatives per positive; -1 for no limit'),
  add_gt_as_proposals: z.boolean().default(true).describe('The truths themselves join the candidates'),
});

type Options = z.output<typeof options>;

export class RandomSampler implements Sampler {
  constructor(private readonly options: Options) {}

  sample(assigned: AssignResult, priors: Float32Array, instances: Instances, random: Random): SamplingResult {
    const { num, pos_fraction, neg_pos_ub, add_gt_as_proposals } = this.options;
    let all = assigned;
    let candidates = priors;
    if (add_gt_as_proposals && instances.labels.length > 0) {
      all = withTruths(assigned, instances.labels);
      candidates = new Float32Array(instances.bboxes.length + priors.length);
      candidates.set(instances.bboxes);
      candidates.set(priors, instances.bboxes.length);
    }
    const positive = choose(
      indicesWhere(all.assigned, (v) => v > 0),
      Math.floor(num * pos_fraction),
      random,
    );
    let wanted = num - positive.length;
    if (neg_pos_ub >= 0) wanted = Math.min(wanted, Math.floor(neg_pos_ub * Math.max(1, positive.length)));
    const negative = choose(
      indicesWhere(all.assigned, (v) => v === 0),
      wanted,
      random,
    );
    return samplingResult(positive, negative, candidates, all, instances, true);
  }
}

/** Puts each truth before the priors, assigned to itself. */
function withTruths(assigned: AssignResult, labels: Int32Array): AssignResult {
  const n = labels.length;
  const join = <T extends Int32Array | Float32Array>(head: T, tail: T): T => {
    const both = new (head.constructor as new (size: number) => T)(n + tail.length);
    both.set(head);
    both.set(tail, n);
    return both;
  };
  return {
    numTruths: assigned.numTruths,
    assigned: join(
      Int32Array.from({ length: n }, (_, i) => i + 1),
      assigned.assigned,
    ),
    maxOverlaps: join(new Float32Array(n).fill(1), assigned.maxOverlaps),
    labels: join(labels, assigned.labels),
  };
}

function indicesWhere(values: Int32Array, holds: (value: number) => boolean): Int32Array {
  const found = new Int32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (holds(values[i])) found[count++] = i;
  return found.subarray(0, count);
}

/** At most `count` of the indices, drawn without replacement, in rising order. */
function choose(indices: Int32Array, count: number, random: Random): Int32Array {
  if (indices.length <= count) return indices;
  // Fisher-Yates that remembers only the places it has touched: 256 of 250,000 anchors cost 256 draws
  const moved = new Map<number, number>();
  const chosen = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(indices.length - i);
    chosen[i] = indices[moved.get(j) ?? j];
    moved.set(j, moved.get(i) ?? i);
  }
  return chosen.sort();
}

export const randomSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'RandomSampler',
  summary: 'A fixed number of priors at random, with at most a share of positives',
  example: "{ type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false }",
  options,
  build: (given) => new RandomSampler(given),
});
