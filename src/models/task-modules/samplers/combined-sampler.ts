// CombinedSampler: positives chosen as one sampler does, negatives as another.

import { z } from 'zod';
import { defineModule, type ModuleConfig, partialModuleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { ChoosingSampler, samplerOptions } from './base-sampler';

export const combinedSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'CombinedSampler',
  summary: 'Positives by one sampler, negatives by another',
  paper: 'Pang et al., Libra R-CNN, CVPR 2019',
  shapes: 'the assignment of n boxes -> indices of the positive and negative ones that learn',
  example:
    "{ type: 'CombinedSampler', num: 512, pos_fraction: 0.25, pos_sampler: { type: 'InstanceBalancedPosSampler' }, neg_sampler: { type: 'IoUBalancedNegSampler' } }",
  options: z.strictObject({
    ...samplerOptions,
    pos_sampler: partialModuleOption('sampler', ['num', 'pos_fraction']).describe(
      'Chooses the positives; its numbers are taken from here',
    ),
    neg_sampler: partialModuleOption('sampler', ['num', 'pos_fraction']).describe(
      'Chooses the negatives; its numbers are taken from here',
    ),
  }),
  build: ({ pos_sampler, neg_sampler, ...given }, { registry, path }) => {
    const part = (name: string, config: ModuleConfig): ChoosingSampler => {
      const { type, ...own } = config;
      const built = registry.build('sampler', { type, ...given, ...own }, { path: `${path}.${name}` });
      if (built instanceof ChoosingSampler) return built;
      throw new DetLabError(
        `Cannot combine "${type}" at ${path}.${name}: expected a sampler that chooses a number of priors`,
      );
    };
    const positives = part('pos_sampler', pos_sampler);
    const negatives = part('neg_sampler', neg_sampler);
    const needs = [...new Set([...positives.needs, ...negatives.needs])];
    return new ChoosingSampler(given, positives.choosePositives, negatives.chooseNegatives, needs);
  },
});
