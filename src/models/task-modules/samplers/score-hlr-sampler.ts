// ScoreHLRSampler: negatives by how easily they would become false positives (Cao et al., Prime Sample Attention, CVPR 2020, ISR-N).
// Negatives whose boxes overlap form groups; the first of every group rank before the second of any. The ranks become weights.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { bboxOverlaps, takeBoxes } from '../../../geometry/boxes';
import type { SampleInput, SamplePredictions, SamplingResult } from '../types';
import {
  BaseSampler,
  draw,
  negativesOf,
  positivesOf,
  type SamplePool,
  type SamplerOptions,
  samplerOptions,
} from './base-sampler';
import { samplingResult } from './sampling-result';

const needs = ['predictSamples'] as const;
const options = z.strictObject({
  ...samplerOptions,
  k: z.number().default(0.5).describe('Power of the mapping from rank to weight'),
  bias: z.number().default(0).describe('Weight of the last rank'),
  score_thr: z.number().default(0.05).describe('Negatives that score no more than this are drawn at random, if at all'),
  iou_thr: z.number().default(0.5).describe('IoU from which negatives are of one group'),
});

type Drawn = { indices: Int32Array; weights?: Float32Array };

export class ScoreHLRSampler extends BaseSampler {
  constructor(private readonly mapping: z.output<typeof options>) {
    super(
      mapping satisfies SamplerOptions,
      ({ assigned, random }, count) => draw(positivesOf(assigned), count, random),
      (pool, count) => this.weighted(pool, count).indices,
      needs,
    );
  }

  override sample(input: SampleInput): SamplingResult {
    const pool = this.pool(input);
    const positive = this.positives(pool);
    const { indices, weights } = this.weighted(pool, this.negativeCount(positive.length));
    const { candidates, assigned, truths } = pool;
    const result = samplingResult(positive, indices, candidates, assigned, input.instances, true, truths);
    return weights ? { ...result, negativeWeights: weights } : result;
  }

  /** Negatives, rising, and the weight of each. */
  private weighted({ assigned, candidates, random, predictSamples }: SamplePool, wanted: number): Drawn {
    const { k, bias, score_thr } = this.mapping;
    const negatives = negativesOf(assigned);
    if (negatives.length === 0) return { indices: negatives };
    if (!predictSamples)
      throw new DetLabError(
        'Cannot sample with ScoreHLRSampler: expected a head that predicts samples (an RoI head, train_cfg.rcnn), received none. ' +
          'Use RandomSampler here',
      );
    const predicted = predictSamples(takeBoxes(candidates, negatives));
    const threshold = Math.fround(score_thr);
    const places = Int32Array.from(negatives.keys());
    const valid = places.filter((i) => predicted.scores[i] > threshold);
    const count = Math.min(negatives.length, wanted);
    if (valid.length === 0) return { indices: draw(negatives, count, random) };
    const ranked = this.ranked(valid, predicted).slice(0, count);
    const rest = draw(
      places.filter((i) => !(predicted.scores[i] > threshold)),
      count - ranked.length,
      random,
    );
    const bound = Math.max(count, valid.length);
    // the others weigh as much as the last of the ranked
    const importance = (rank: number) => (bound - Math.min(rank, ranked.length - 1)) / bound;
    const chosen = [...ranked, ...rest];
    const weights = chosen.map((_, rank) => (bias + (1 - bias) * importance(rank)) ** k);
    // the sum of the losses stays what it would be without weights
    const sum = chosen.reduce((total, i) => total + predicted.losses[i], 0);
    const weightedSum = chosen.reduce((total, i, rank) => total + predicted.losses[i] * weights[rank], 0);
    const order = Array.from(chosen.keys()).sort((a, b) => chosen[a] - chosen[b]);
    return {
      indices: Int32Array.from(order, (rank) => negatives[chosen[rank]]),
      weights: Float32Array.from(order, (rank) => (weights[rank] * sum) / weightedSum),
    };
  }

  /** By rank within their group, then by score. */
  private ranked(valid: Int32Array, { scores, boxes }: SamplePredictions): Int32Array {
    const threshold = Math.fround(this.mapping.iou_thr);
    const best = valid.slice().sort((a, b) => scores[b] - scores[a] || a - b);
    const rank = new Map<number, number>();
    for (const [at, first] of best.entries()) {
      if (rank.has(first)) continue;
      rank.set(first, 0);
      const others = best.subarray(at + 1).filter((i) => !rank.has(i));
      const overlaps = bboxOverlaps(takeBoxes(boxes, [first]), takeBoxes(boxes, others));
      let next = 1;
      for (const [k, other] of others.entries()) if (overlaps[k] >= threshold) rank.set(other, next++);
    }
    return best.sort((a, b) => rank.get(a)! - rank.get(b)! || scores[b] - scores[a] || a - b);
  }
}

export const scoreHLRSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'ScoreHLRSampler',
  summary: 'Samples negatives that score high, and weights them by hierarchical rank',
  paper: 'Cao et al., Prime Sample Attention in Object Detection, CVPR 2020',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives, weights of the negatives',
  example: "{ type: 'ScoreHLRSampler', num: 512, pos_fraction: 0.25, k: 0.5, bias: 0 }",
  options,
  contract: { needs },
  build: (given) => new ScoreHLRSampler(given),
});
