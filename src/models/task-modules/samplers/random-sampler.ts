// RandomSampler: a fixed number of priors, uniformly at random, of which at most `pos_fraction` are positive.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { BaseSampler, draw, negativesOf, positivesOf, type SamplerOptions, samplerOptions } from './base-sampler';

export class RandomSampler extends BaseSampler {
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
  summary: 'Samples a fixed number of priors at random, with a max share of positives',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives',
  example: "{ type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false }",
  options: z.strictObject(samplerOptions),
  contract: { needs: [] },
  build: (given) => new RandomSampler(given),
});
