// OHEMSampler: the priors with the largest classification loss under the head as it is (Shrivastava et al., CVPR 2016).
// Only heads on regions can say how hard a prior is.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { takeBoxes } from '../../../geometry/boxes';
import { topIndices } from '../../../ops/top-indices';
import {
  type Choice,
  ChoosingSampler,
  negativesOf,
  positivesOf,
  type SamplerOptions,
  samplerOptions,
} from './base-sampler';

const needs = ['perSampleLoss'] as const;

export class OHEMSampler extends ChoosingSampler {
  constructor(options: SamplerOptions) {
    super(
      options,
      (choice, count) => hardest(choice, positivesOf(choice.assigned), count),
      (choice, count) => hardest(choice, negativesOf(choice.assigned), count),
      needs,
    );
  }
}

function hardest({ assigned, candidates, perSampleLoss }: Choice, indices: Int32Array, count: number): Int32Array {
  if (indices.length <= count) return indices;
  if (!perSampleLoss)
    throw new DetLabError(
      'Cannot sample with OHEMSampler: expected a head that computes the loss of each sample (an RoI head, train_cfg.rcnn), ' +
        'received none. Use RandomSampler here',
    );
  // a label of -1 is the background
  const losses = perSampleLoss(
    takeBoxes(candidates, indices),
    indices.map((i) => assigned.labels[i]),
  );
  return topIndices(losses, count).map((k) => indices[k]);
}

export const ohemSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'OHEMSampler',
  summary: 'A fixed number of priors, those with the largest classification loss',
  paper: 'Shrivastava et al., Training Region-based Object Detectors with Online Hard Example Mining, CVPR 2016',
  shapes: 'the assignment of n boxes -> indices of the positive and negative ones that learn',
  example: "{ type: 'OHEMSampler', num: 512, pos_fraction: 0.25, neg_pos_ub: -1, add_gt_as_proposals: true }",
  options: z.strictObject({
    ...samplerOptions,
    loss_key: z.literal('loss_cls').default('loss_cls').describe('The loss that tells how hard a prior is'),
  }),
  contract: { needs },
  build: (given) => new OHEMSampler(given),
});
