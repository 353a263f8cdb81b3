// MultiInsRandomSampler: RandomSampler of candidates with several objects each, by the first of them (Chu et al., CVPR 2020). The
// ground-truth boxes and ignore regions are among the candidates in any case.

import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { takeBoxes } from '../../../geometry/boxes';
import type { SampleInput, SamplingResult } from '../types';
import { samplerOptions } from './base-sampler';
import { RandomSampler } from './random-sampler';
import { samplingResult } from './sampling-result';

export class MultiInsRandomSampler extends RandomSampler {
  override readonly needs = ['several'] as const;

  override sample(input: SampleInput): SamplingResult {
    const { several } = input.assigned;
    if (!several)
      throw new DetLabError('Cannot sample with MultiInsRandomSampler: expected several objects of each prior');
    const { count, candidates, boxes, truths, labels } = several;
    const pool = { assigned: input.assigned, candidates, random: input.random, truths: 0 };
    const positive = this.positives(pool);
    const negative = this.sampleNegatives(pool, this.negativeCount(positive.length)).sort();
    const slots = Int32Array.from(
      [...positive, ...negative].flatMap((i) => Array.from({ length: count }, (_, s) => i * count + s)),
    );
    const found = slots.map((slot) => truths[slot]);
    return {
      ...samplingResult(positive, negative, candidates, input.assigned, input.instances, true),
      several: {
        // without any box there is none to take
        boxes: boxes.length > 0 ? takeBoxes(boxes, found) : new Float32Array(4 * found.length),
        labels: slots.map((slot) => labels[slot]),
      },
    };
  }
}

export const multiInsRandomSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'MultiInsRandomSampler',
  summary: 'Samples a fixed number of candidates with several objects each at random',
  paper: 'Chu et al., Detection in Crowded Scenes: One Proposal, Multiple Predictions, CVPR 2020',
  shapes: 'assignment of several objects to priors [T, 4] -> indices of the sampled positives and negatives',
  example: "{ type: 'MultiInsRandomSampler', num: 512, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false }",
  options: z.strictObject({
    ...samplerOptions,
    add_gt_as_proposals: ignoredOption('ground-truth boxes are candidates in any case', {
      schema: z.boolean().default(true),
    }),
  }),
  contract: { needs: ['several'] },
  build: (given) => new MultiInsRandomSampler(given),
});
