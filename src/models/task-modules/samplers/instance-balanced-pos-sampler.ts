// InstanceBalancedPosSampler: as many positives for each truth as for any other, as far as there are so many.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import {
  type Choice,
  ChoosingSampler,
  draw,
  indicesWhere,
  negativesOf,
  others,
  positivesOf,
  type SamplerOptions,
  samplerOptions,
} from './base-sampler';

export class InstanceBalancedPosSampler extends ChoosingSampler {
  constructor(options: SamplerOptions) {
    super(options, balancedPositives, ({ assigned, random }, count) => draw(negativesOf(assigned), count, random));
  }
}

function balancedPositives({ assigned, random }: Choice, count: number): Int32Array {
  const all = positivesOf(assigned);
  if (all.length <= count) return all;
  const truths = [...new Set(all.map((i) => assigned.assigned[i]))];
  // Python's round: a half goes to the even number
  const share = count / truths.length;
  const rounded = share % 1 === 0.5 ? 2 * Math.round(share / 2) : Math.round(share);
  const chosen = truths.flatMap((truth) => {
    const own = indicesWhere(assigned.assigned, (v) => v === truth);
    return [...draw(own, rounded + 1, random)];
  });
  if (chosen.length >= count) return draw(Int32Array.from(chosen), count, random);
  const extra = draw(others(all, chosen), count - chosen.length, random);
  return Int32Array.from([...chosen, ...extra]);
}

export const instanceBalancedPosSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'InstanceBalancedPosSampler',
  summary: 'A fixed number of priors, the positives spread evenly over the truths',
  paper: 'Pang et al., Libra R-CNN, CVPR 2019',
  shapes: 'the assignment of n boxes -> indices of the positive and negative ones that learn',
  example: "{ type: 'InstanceBalancedPosSampler', num: 512, pos_fraction: 0.25 }",
  options: z.strictObject(samplerOptions),
  contract: { needs: [] },
  build: (given) => new InstanceBalancedPosSampler(given),
});
