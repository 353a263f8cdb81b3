// What samplers of a fixed number of priors share: the truths join the candidates, then positives are chosen, then
// negatives in what room is left. How each of both is chosen is a function of its own, so that they combine.

import { z } from 'zod';
import type { Random } from '../../../random';
import type { AssignResult, PerSampleLoss, SampleInput, Sampler, SamplerNeed, SamplingResult } from '../types';
import { samplingResult } from './sampling-result';

export const samplerOptions = {
  num: z.number().int().positive().describe('Priors to choose'),
  pos_fraction: z.number().min(0).max(1).describe('Largest share of positives'),
  neg_pos_ub: z.number().default(-1).describe('Largest number of negatives per positive; -1 for no limit'),
  add_gt_as_proposals: z.boolean().default(true).describe('The truths themselves join the candidates'),
};
export type SamplerOptions = z.output<z.ZodObject<typeof samplerOptions>>;

/** What one choice may look at. `candidates` are boxes, flat xyxy. */
export interface Choice {
  assigned: AssignResult;
  candidates: Float32Array;
  random: Random;
  perSampleLoss?: PerSampleLoss;
}

/** Which of the priors are taken, `count` at most. */
export type Chooser = (choice: Choice, count: number) => Int32Array;

/** A sampler whose two choices can stand in another one (CombinedSampler). */
export class ChoosingSampler implements Sampler {
  constructor(
    private readonly options: SamplerOptions,
    readonly choosePositives: Chooser,
    readonly chooseNegatives: Chooser,
    readonly needs: readonly SamplerNeed[] = [],
  ) {}

  sample({ assigned, priors, instances, random, perSampleLoss }: SampleInput): SamplingResult {
    const { num, pos_fraction, neg_pos_ub, add_gt_as_proposals } = this.options;
    const truths = add_gt_as_proposals ? instances.labels.length : 0;
    let all = assigned;
    let candidates = priors;
    if (truths > 0) {
      all = withTruths(assigned, instances.labels);
      candidates = new Float32Array(instances.bboxes.length + priors.length);
      candidates.set(instances.bboxes);
      candidates.set(priors, instances.bboxes.length);
    }
    const choice = { assigned: all, candidates, random, perSampleLoss };
    const positive = this.choosePositives(choice, Math.floor(num * pos_fraction)).sort();
    let wanted = num - positive.length;
    if (neg_pos_ub >= 0) wanted = Math.min(wanted, Math.floor(neg_pos_ub * Math.max(1, positive.length)));
    const negative = this.chooseNegatives(choice, wanted).sort();
    return samplingResult(positive, negative, candidates, all, instances, true, truths);
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

/** Positives and negatives by their place among the priors. */
export const positivesOf = ({ assigned }: AssignResult): Int32Array => indicesWhere(assigned, (v) => v > 0);
export const negativesOf = ({ assigned }: AssignResult): Int32Array => indicesWhere(assigned, (v) => v === 0);

export function indicesWhere(values: Int32Array, holds: (value: number, i: number) => boolean): Int32Array {
  const found = new Int32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (holds(values[i], i)) found[count++] = i;
  return found.slice(0, count);
}

/** At most `count` of the indices, drawn without replacement, in rising order. */
export function draw(indices: Int32Array, count: number, random: Random): Int32Array {
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

/** What is in `indices` and not in `without`. */
export function others(indices: Int32Array, without: Iterable<number>): Int32Array {
  const left = new Set(without);
  return indices.filter((i) => !left.has(i));
}
