// PseudoSampler: takes every prior that is not ignored; for heads whose loss balances classes itself.

import { z } from 'zod';
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

export const pseudoSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'PseudoSampler',
  summary: 'Samples every prior that is not ignored',
  origin: 'MMDetection: for losses over all priors, such as FocalLoss',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives',
  example: "{ type: 'PseudoSampler' }",
  options: z.strictObject({}),
  contract: { needs: [] },
  build: () => new PseudoSampler(),
});
