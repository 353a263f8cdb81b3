// IoUBalancedNegSampler: samples equally many negatives from each range of IoU, so that the few hard ones are not lost among
// the easy ones (Pang et al., Libra R-CNN, CVPR 2019). MMDetection's turns a floor_thr of -1 into 0 after its first call,
// so that priors without overlap drop out of the ranges; here -1 keeps the meaning of the first call.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { BaseSampler, draw, negativesOf, others, positivesOf, type SamplePool, samplerOptions } from './base-sampler';

const options = z.strictObject({
  ...samplerOptions,
  floor_thr: z
    .union([z.literal(-1), z.number().min(0)])
    .default(-1)
    .describe('Negatives of lower IoU are sampled uniformly; -1: all are balanced'),
  floor_fraction: z.number().min(0).max(1).default(0).describe('Share of negatives from below floor_thr'),
  num_bins: z.number().int().min(1).default(3).describe('Number of IoU ranges'),
});
type Options = z.output<typeof options>;

const needs = ['maxOverlaps'] as const;

export class IoUBalancedNegSampler extends BaseSampler {
  constructor(options: Options) {
    super(
      options,
      ({ assigned, random }, count) => draw(positivesOf(assigned), count, random),
      (pool, count) => balancedNegatives(pool, count, options),
      needs,
    );
  }
}

function balancedNegatives(pool: SamplePool, count: number, options: Options): Int32Array {
  const { floor_thr, floor_fraction, num_bins } = options;
  const { assigned, random } = pool;
  const all = negativesOf(assigned);
  if (all.length <= count) return all;
  const overlaps = assigned.maxOverlaps;
  const below = all.filter((i) => {
    if (floor_thr > 0) return overlaps[i] >= 0 && overlaps[i] < floor_thr;
    return floor_thr === 0 && overlaps[i] === 0;
  });
  const above = all.filter((i) => (floor_thr > 0 ? overlaps[i] >= floor_thr : overlaps[i] > floor_thr));
  const aboveCount = Math.floor(count * (1 - floor_fraction));
  let sampled = [...above];
  if (above.length > aboveCount)
    sampled =
      num_bins >= 2
        ? sampleByRange(pool, above, aboveCount, [Math.max(floor_thr, 0), num_bins])
        : [...draw(above, aboveCount, random)];
  sampled.push(...draw(below, count - sampled.length, random));
  if (sampled.length < count) sampled.push(...draw(others(all, sampled), count - sampled.length, random));
  return Int32Array.from(sampled);
}

/** Equally many from each range between `min` and the highest overlap; what a range lacks is drawn from all. */
function sampleByRange(
  { assigned, random }: SamplePool,
  from: Int32Array,
  count: number,
  [min, bins]: [min: number, bins: number],
): number[] {
  const { maxOverlaps } = assigned;
  const max = maxOverlaps.reduce((a, b) => Math.max(a, b), 0);
  const width = (max - min) / bins;
  const perBin = Math.floor(count / bins);
  const sampled: number[] = [];
  for (let b = 0; b < bins; b++) {
    const [low, high] = [min + b * width, min + (b + 1) * width];
    const inside = from.filter((i) => maxOverlaps[i] >= low && maxOverlaps[i] < high);
    sampled.push(...draw(inside, perBin, random));
  }
  if (sampled.length < count) sampled.push(...draw(others(from, sampled), count - sampled.length, random));
  return sampled;
}

export const iouBalancedNegSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'IoUBalancedNegSampler',
  summary: 'Samples a fixed number of priors, negatives balanced over ranges of IoU',
  paper: 'Pang et al., Libra R-CNN, CVPR 2019',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives',
  example:
    "{ type: 'IoUBalancedNegSampler', num: 512, pos_fraction: 0.25, floor_thr: -1, floor_fraction: 0, num_bins: 3 }",
  options,
  contract: { needs },
  build: (given) => new IoUBalancedNegSampler(given),
});
