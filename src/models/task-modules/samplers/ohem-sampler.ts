// OHEMSampler: online hard example mining, which samples the priors of highest classification loss under the current
// weights (Shrivastava et al., CVPR 2016). For RoI heads: only they compute that loss while sampling.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { takeBoxes } from '../../../geometry/boxes';
import { topIndices } from '../../../ops/top-indices';
import {
  BaseSampler,
  negativesOf,
  positivesOf,
  type SamplePool,
  type SamplerOptions,
  samplerOptions,
} from './base-sampler';

const needs = ['perSampleLoss'] as const;

export class OHEMSampler extends BaseSampler {
  constructor(options: SamplerOptions) {
    super(
      options,
      (pool, count) => hardest(pool, positivesOf(pool.assigned), count),
      (pool, count) => hardest(pool, negativesOf(pool.assigned), count),
      needs,
    );
  }
}

function hardest({ assigned, candidates, perSampleLoss }: SamplePool, indices: Int32Array, count: number): Int32Array {
  if (indices.length <= count) return indices;
  if (!perSampleLoss)
    throw new DetLabError(
      'Cannot sample with OHEMSampler: expected a head that computes the loss of each sample (an RoI head, train_cfg.rcnn), ' +
        'received none. Use RandomSampler here',
    );
  const losses = perSampleLoss(
    takeBoxes(candidates, indices),
    indices.map((i) => assigned.labels[i]),
  );
  return topIndices(losses, count).map((k) => indices[k]);
}

export const ohemSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'OHEMSampler',
  summary: 'Samples a fixed number of priors, those of highest classification loss',
  paper: 'Shrivastava et al., Training Region-based Object Detectors with Online Hard Example Mining, CVPR 2016',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives',
  example: "{ type: 'OHEMSampler', num: 512, pos_fraction: 0.25, neg_pos_ub: -1, add_gt_as_proposals: true }",
  options: z.strictObject({
    ...samplerOptions,
    loss_key: z.literal('loss_cls').default('loss_cls').describe('Loss by which samples are ranked'),
  }),
  contract: { needs },
  build: (given) => new OHEMSampler(given),
});
