// RandomSampler: a fixed number of priors, of which at most a given share is positive.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { ChoosingSampler, draw, negativesOf, positivesOf, type SamplerOptions, samplerOptions } from './base-sampler';

export class RandomSampler extends ChoosingSampler {
  constructor(options: SamplerOptions) {
    super(
      options,
      ({ assigned, random }, count) => draw(positivesOf(assigned), count, random),
      ({ assigned, random }, count) => draw(negativesOf(assigned), count, random),
    );
  }
}

export const randomSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'RandomSampler',
  summary: 'A fixed number of priors at random, with at most a share of positives',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'the assignment of n boxes -> indices of the positive and negative ones that learn',
  example: "{ type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false }",
  options: z.strictObject(samplerOptions),
  contract: { needs: [] },
  build: (given) => new RandomSampler(given),
});
