// IoUBalancedNegSampler: negatives spread evenly over ranges of their overlap with a truth, so that the hard ones, which
// are few, take part as the easy ones do. MMDetection's turns a floor_thr of -1 into 0 after its first call, so that what
// overlaps nothing no longer takes part in the ranges; here -1 keeps meaning what its first call does.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { type Choice, ChoosingSampler, draw, negativesOf, others, positivesOf, samplerOptions } from './base-sampler';

const options = z.strictObject({
  ...samplerOptions,
  floor_thr: z
    .union([z.literal(-1), z.number().min(0)])
    .default(-1)
    .describe('Negatives that overlap less are drawn at random; -1: all overlaps are balanced'),
  floor_fraction: z.number().min(0).max(1).default(0).describe('Share of negatives drawn from below floor_thr'),
  num_bins: z.number().int().min(1).default(3).describe('Ranges of overlap'),
});
type Options = z.output<typeof options>;

const needs = ['maxOverlaps'] as const;

export class IoUBalancedNegSampler extends ChoosingSampler {
  constructor(options: Options) {
    super(
      options,
      ({ assigned, random }, count) => draw(positivesOf(assigned), count, random),
      (choice, count) => balancedNegatives(choice, count, options),
      needs,
    );
  }
}

function balancedNegatives(
  choice: Choice,
  count: number,
  { floor_thr, floor_fraction, num_bins }: Options,
): Int32Array {
  const { assigned, random } = choice;
  const all = negativesOf(assigned);
  if (all.length <= count) return all;
  const overlaps = assigned.maxOverlaps;
  const least = Math.max(floor_thr, 0);
  const below = all.filter((i) => {
    if (floor_thr > 0) return overlaps[i] >= 0 && overlaps[i] < floor_thr;
    return floor_thr === 0 && overlaps[i] === 0;
  });
  const above = all.filter((i) => (floor_thr > 0 ? overlaps[i] >= floor_thr : overlaps[i] > floor_thr));
  const wanted = Math.floor(count * (1 - floor_fraction));
  let chosen = [...above];
  if (above.length > wanted)
    chosen = num_bins >= 2 ? byRanges(choice, above, wanted, least, num_bins) : [...draw(above, wanted, random)];
  chosen.push(...draw(below, count - chosen.length, random));
  if (chosen.length < count) chosen.push(...draw(others(all, chosen), count - chosen.length, random));
  return Int32Array.from(chosen);
}

/** As many from each range of overlap; what a range lacks is drawn from all. */
function byRanges(
  { assigned, random }: Choice,
  from: Int32Array,
  count: number,
  least: number,
  bins: number,
): number[] {
  const { maxOverlaps } = assigned;
  const most = maxOverlaps.reduce((a, b) => Math.max(a, b), 0);
  const width = (most - least) / bins;
  const perBin = Math.floor(count / bins);
  const chosen: number[] = [];
  for (let b = 0; b < bins; b++) {
    const [low, high] = [least + b * width, least + (b + 1) * width];
    const inside = from.filter((i) => maxOverlaps[i] >= low && maxOverlaps[i] < high);
    chosen.push(...draw(inside, perBin, random));
  }
  if (chosen.length < count) chosen.push(...draw(others(from, chosen), count - chosen.length, random));
  return chosen;
}

export const iouBalancedNegSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'IoUBalancedNegSampler',
  summary: 'A fixed number of priors, the negatives spread evenly over their overlap with truths',
  paper: 'Pang et al., Libra R-CNN, CVPR 2019',
  shapes: 'the assignment of n boxes -> indices of the positive and negative ones that learn',
  example:
    "{ type: 'IoUBalancedNegSampler', num: 512, pos_fraction: 0.25, floor_thr: -1, floor_fraction: 0, num_bins: 3 }",
  options,
  contract: { needs },
  build: (given) => new IoUBalancedNegSampler(given),
});
