// In which order a data loader takes its images, and which of them share a batch: `sampler` and `batch_sampler`.

import { z } from 'zod';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';

export const DefaultSampler = defineModule({
  kind: 'data_sampler',
  type: 'DefaultSampler',
  summary: 'Every image once an epoch, shuffled or in the order of the data set',
  origin: 'mmengine',
  shapes: 'n images -> a permutation of 0 .. n-1 for each epoch',
  example: "{ type: 'DefaultSampler', shuffle: true }",
  options: z.strictObject({
    shuffle: z.boolean().default(true).describe('Another order every epoch'),
    seed: z.int().nullish().describe('Accepted: the seed of the run decides'),
    round_up: z.boolean().default(true).describe('Accepted: no image is taken twice to fill a batch'),
  }),
  build: (options) => options,
});

export const AspectRatioBatchSampler = defineModule({
  kind: 'data_sampler',
  type: 'AspectRatioBatchSampler',
  summary: 'Batches of upright images and batches of wide ones, so that little is padded',
  origin: 'MMDetection',
  shapes: 'an order of images -> batches of indices',
  example: "{ type: 'AspectRatioBatchSampler' }",
  options: z.strictObject({
    drop_last: z.boolean().default(false).describe('Accepted: drop_last of the data loader decides'),
  }),
  build: (options) => options,
});

export const dataSamplers = [DefaultSampler, AspectRatioBatchSampler] as const satisfies readonly AnyDefinition[];
