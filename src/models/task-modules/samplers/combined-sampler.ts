// CombinedSampler: samples positives as one sampler does and negatives as another (Pang et al., Libra R-CNN, CVPR 2019).

import { z } from 'zod';
import { defineModule, type ModuleConfig, partialModuleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { BaseSampler, samplerOptions } from './base-sampler';

export const combinedSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'CombinedSampler',
  summary: 'Samples positives by one sampler and negatives by another',
  paper: 'Pang et al., Libra R-CNN, CVPR 2019',
  shapes: 'assignment of priors [T, 4] -> indices of the sampled positives and negatives',
  example:
    "{ type: 'CombinedSampler', num: 512, pos_fraction: 0.25, pos_sampler: { type: 'InstanceBalancedPosSampler' }, neg_sampler: { type: 'IoUBalancedNegSampler' } }",
  options: z.strictObject({
    ...samplerOptions,
    pos_sampler: partialModuleOption('sampler', ['num', 'pos_fraction']).describe(
      'Samples the positives; num and pos_fraction default to those given here',
    ),
    neg_sampler: partialModuleOption('sampler', ['num', 'pos_fraction']).describe(
      'Samples the negatives; num and pos_fraction default to those given here',
    ),
  }),
  build: ({ pos_sampler, neg_sampler, ...given }, { registry, path }) => {
    const part = (name: string, config: ModuleConfig): BaseSampler => {
      const { type, ...options } = config;
      const built = registry.build('sampler', { type, ...given, ...options }, { path: `${path}.${name}` });
      if (built instanceof BaseSampler) return built;
      throw new DetLabError(
        `Cannot combine "${type}" at ${path}.${name}: expected a sampler of a fixed number (num), which PseudoSampler is not`,
      );
    };
    const positives = part('pos_sampler', pos_sampler);
    const negatives = part('neg_sampler', neg_sampler);
    const needs = [...new Set([...positives.needs, ...negatives.needs])];
    return new BaseSampler(given, positives.samplePositives, negatives.sampleNegatives, needs);
  },
});
