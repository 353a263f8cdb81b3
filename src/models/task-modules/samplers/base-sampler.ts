// BaseSampler: samples `num` priors. Ground-truth boxes join the candidates; then positives are sampled, up to their share,
// and negatives fill the rest. Each of both is a function, so that CombinedSampler can take one from another sampler.

import { z } from 'zod';
import type { Random } from '../../../random';
import type {
  AssignResult,
  PerSampleLoss,
  PredictSamples,
  SampleInput,
  Sampler,
  SamplerNeed,
  SamplingResult,
} from '../types';
import { samplingResult } from './sampling-result';

export const samplerOptions = {
  num: z.number().int().positive().describe('Number of samples'),
  pos_fraction: z.number().min(0).max(1).describe('Max share of positives'),
  neg_pos_ub: z.number().default(-1).describe('Max number of negatives per positive; -1: no limit'),
  add_gt_as_proposals: z.boolean().default(true).describe('Ground-truth boxes join the candidates'),
};
export type SamplerOptions = z.output<z.ZodObject<typeof samplerOptions>>;

/** What positives and negatives are sampled from. */
export interface SamplePool {
  assigned: AssignResult;
  candidates: Float32Array; // [n, 4]
  random: Random;
  perSampleLoss?: PerSampleLoss;
  predictSamples?: PredictSamples;
  /** How many candidates, from the first, are ground-truth boxes. */
  truths: number;
}

/** Indices of at most `count` candidates. */
export type SampleFunction = (pool: SamplePool, count: number) => Int32Array;

export class BaseSampler implements Sampler {
  constructor(
    protected readonly options: SamplerOptions,
    readonly samplePositives: SampleFunction,
    readonly sampleNegatives: SampleFunction,
    readonly needs: readonly SamplerNeed[] = [],
  ) {}

  sample(input: SampleInput): SamplingResult {
    const pool = this.pool(input);
    const positive = this.positives(pool);
    const negative = this.sampleNegatives(pool, this.negativeCount(positive.length)).sort();
    return samplingResult(positive, negative, pool.candidates, pool.assigned, input.instances, true, pool.truths);
  }

  /** The candidates: with `add_gt_as_proposals` the ground-truth boxes and then the priors. */
  protected pool({ assigned, priors, instances, random, perSampleLoss, predictSamples }: SampleInput): SamplePool {
    const truths = this.options.add_gt_as_proposals ? instances.labels.length : 0;
    let all = assigned;
    let candidates = priors;
    if (truths > 0) {
      all = withTruths(assigned, instances.labels);
      candidates = new Float32Array(instances.bboxes.length + priors.length);
      candidates.set(instances.bboxes);
      candidates.set(priors, instances.bboxes.length);
    }
    return { assigned: all, candidates, random, perSampleLoss, predictSamples, truths };
  }

  protected positives(pool: SamplePool): Int32Array {
    const { num, pos_fraction } = this.options;
    return this.samplePositives(pool, Math.floor(num * pos_fraction)).sort();
  }

  /** How many negatives are sampled beside so many positives. */
  protected negativeCount(positives: number): number {
    const { num, neg_pos_ub } = this.options;
    const rest = num - positives;
    return neg_pos_ub >= 0 ? Math.min(rest, Math.floor(neg_pos_ub * Math.max(1, positives))) : rest;
  }
}

/** The assignment with each ground-truth box before the priors, assigned to itself. */
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

/** Indices of the positives and negatives. */
export const positivesOf = ({ assigned }: AssignResult): Int32Array => indicesWhere(assigned, (v) => v > 0);
export const negativesOf = ({ assigned }: AssignResult): Int32Array => indicesWhere(assigned, (v) => v === 0);

export function indicesWhere(values: Int32Array, holds: (value: number, i: number) => boolean): Int32Array {
  const indices = new Int32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (holds(values[i], i)) indices[count++] = i;
  return indices.slice(0, count);
}

/** At most `count` of the indices, drawn without replacement, rising. */
export function draw(indices: Int32Array, count: number, random: Random): Int32Array {
  if (indices.length <= count) return indices;
  // Fisher-Yates that stores only the positions it has swapped: 256 of 250,000 anchors cost 256 draws
  const moved = new Map<number, number>();
  const drawn = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(indices.length - i);
    drawn[i] = indices[moved.get(j) ?? j];
    moved.set(j, moved.get(i) ?? i);
  }
  return drawn.sort();
}

/** The indices that are not in `excluded`. */
export function others(indices: Int32Array, excluded: Iterable<number>): Int32Array {
  const set = new Set(excluded);
  return indices.filter((i) => !set.has(i));
}
