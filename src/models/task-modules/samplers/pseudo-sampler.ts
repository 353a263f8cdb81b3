// PseudoSampler: takes every prior that is not ignored; for heads whose loss balances classes itself.

import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import type { SampleInput, Sampler, SamplingResult } from '../types';
import { samplingResult } from './sampling-result';

export class PseudoSampler implements Sampler {
  readonly needs = [];

  sample({ assigned, priors, instances }: SampleInput): SamplingResult {
    const all = Int32Array.from(assigned.assigned.keys());
    const positive = all.filter((i) => assigned.assigned[i] > 0);
    const negative = all.filter((i) => assigned.assigned[i] === 0);
    return samplingResult(positive, negative, priors, assigned, instances, false);
  }
}

const unread = ignoredOption('every prior is a sample', { schema: z.number().optional() });
const given = z.strictObject({
  num: unread,
  pos_fraction: unread,
  neg_pos_ub: unread,
  add_gt_as_proposals: ignoredOption('every prior is a sample', { schema: z.boolean().optional() }),
});
/** What a config has that puts this type in another sampler's place: read, but offered by no type. */
export const pseudoSamplerOptions = given as unknown as z.ZodObject<Record<never, never>, z.core.$strict>;

export const pseudoSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'PseudoSampler',
  summary: 'Samples every prior that is not ignored',
  origin: 'MMDetection: for losses over all priors, such as FocalLoss',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives',
  example: "{ type: 'PseudoSampler' }",
  options: pseudoSamplerOptions,
  contract: { needs: [] },
  build: () => new PseudoSampler(),
});
