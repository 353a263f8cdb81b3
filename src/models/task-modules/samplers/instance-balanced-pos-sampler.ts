// InstanceBalancedPosSampler: samples equally many positives of each ground-truth box, as far as it has them (Pang et al.,
// Libra R-CNN, CVPR 2019).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { roundHalfEven } from '../../../geometry/round-half-even';
import {
  BaseSampler,
  draw,
  indicesWhere,
  negativesOf,
  others,
  positivesOf,
  type SamplePool,
  type SamplerOptions,
  samplerOptions,
} from './base-sampler';

export class InstanceBalancedPosSampler extends BaseSampler {
  constructor(options: SamplerOptions) {
    super(options, balancedPositives, ({ assigned, random }, count) => draw(negativesOf(assigned), count, random));
  }
}

function balancedPositives({ assigned, random }: SamplePool, count: number): Int32Array {
  const all = positivesOf(assigned);
  if (all.length <= count) return all;
  const truths = [...new Set(all.map((i) => assigned.assigned[i]))];
  const share = roundHalfEven(count / truths.length) + 1;
  const sampled = truths.flatMap((truth) => {
    const positives = indicesWhere(assigned.assigned, (v) => v === truth);
    return [...draw(positives, share, random)];
  });
  if (sampled.length >= count) return draw(Int32Array.from(sampled), count, random);
  const extra = draw(others(all, sampled), count - sampled.length, random);
  return Int32Array.from([...sampled, ...extra]);
}

export const instanceBalancedPosSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'InstanceBalancedPosSampler',
  summary: 'Samples a fixed number of priors, positives balanced over the ground-truth boxes',
  paper: 'Pang et al., Libra R-CNN, CVPR 2019',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives',
  example: "{ type: 'InstanceBalancedPosSampler', num: 512, pos_fraction: 0.25 }",
  options: z.strictObject(samplerOptions),
  contract: { needs: [] },
  build: (given) => new InstanceBalancedPosSampler(given),
});
