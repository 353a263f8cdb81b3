// The order in which a data loader takes its images, and which of them share a batch: `sampler` and `batch_sampler`.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';

const seed = ignoredOption('the seed of the run decides', { schema: z.int().nullish() });

export const DefaultSampler = defineModule({
  kind: 'data_sampler',
  type: 'DefaultSampler',
  summary: 'Every image once an epoch, shuffled or in the order of the dataset',
  origin: 'mmengine',
  shapes: 'n images -> a permutation of 0 .. n-1 for each epoch',
  example: "{ type: 'DefaultSampler', shuffle: true }",
  options: z.strictObject({
    shuffle: z.boolean().default(true).describe('Shuffle the images anew every epoch'),
    seed,
    round_up: z.boolean().default(true).describe('Accepted: concerns several processes'),
  }),
  build: (options) => options,
});

export const InfiniteSampler = defineModule({
  kind: 'data_sampler',
  type: 'InfiniteSampler',
  summary: 'Every image once a pass, pass after pass, in batches that are always full: for IterBasedTrainLoop',
  origin: 'mmengine',
  shapes: 'n images -> permutations of 0 .. n-1, one after the other',
  example: "{ type: 'InfiniteSampler', shuffle: true }",
  options: z.strictObject({
    shuffle: z.boolean().default(true).describe('Shuffle the images anew every pass'),
    seed,
  }),
  build: (options) => options,
});

export const AspectRatioBatchSampler = defineModule({
  kind: 'data_sampler',
  type: 'AspectRatioBatchSampler',
  summary: 'Batches of portrait images and batches of landscape ones, for less padding',
  origin: 'MMDetection',
  shapes: 'an order of images -> batches of indices',
  example: "{ type: 'AspectRatioBatchSampler' }",
  options: z.strictObject({
    drop_last: z.boolean().default(false).describe('Drop the last batch of each orientation if it is incomplete'),
  }),
  build: (options) => options,
});

export const dataSamplers = [
  DefaultSampler,
  InfiniteSampler,
  AspectRatioBatchSampler,
] as const satisfies readonly AnyDefinition[];
