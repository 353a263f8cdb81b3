// The order in which a data loader takes its images, and which of them share a batch: `sampler` and `batch_sampler`.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';

const seed = ignoredOption('the seed of the run decides', { schema: z.int().nullish() });

export const DefaultSampler = defineModule({
  kind: 'data_sampler',
  type: 'DefaultSampler',
  summary: 'Every image once an epoch, shuffled or in the order of the dataset; of videos a frame of each',
  origin: 'mmengine',
  shapes: 'n images -> a permutation of 0 .. n-1 for each epoch',
  example: "{ type: 'DefaultSampler', shuffle: true }",
  options: z.strictObject({
    shuffle: z.boolean().default(true).describe('Shuffle the images anew every epoch'),
    seed,
    round_up: ignoredOption('concerns several processes', { schema: z.boolean().default(true), harmless: anyValue }),
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

export const ClassAwareSampler = defineModule({
  kind: 'data_sampler',
  type: 'ClassAwareSampler',
  summary: 'Classes in turn, of each some of its images: rare ones as often as frequent ones',
  paper: 'Shen et al., Relay Backpropagation for Effective Learning of Deep Convolutional Neural Networks, ECCV 2016',
  shapes: 'n images -> n of 0 .. n-1 for each epoch, some several times',
  example: "{ type: 'ClassAwareSampler', num_sample_class: 1 }",
  options: z.strictObject({
    seed,
    num_sample_class: z.int().positive().default(1).describe('Images drawn from a class before the next one'),
  }),
  build: (options) => options,
});

export const CustomSampleSizeSampler = defineModule({
  kind: 'data_sampler',
  type: 'CustomSampleSizeSampler',
  summary: 'So many images of each data set of a ConcatDataset, all of one before an image of it comes again',
  paper: 'Zhao et al., An Open and Comprehensive Pipeline for Unified Object Grounding and Detection, 2024',
  shapes: 'n images of k data sets -> the sum of their sizes for each epoch',
  example: "{ type: 'CustomSampleSizeSampler', dataset_size: [-1, 500] }",
  options: z.strictObject({
    dataset_size: z
      .array(z.number().min(0).or(z.literal(-1)))
      .min(1)
      .describe('Images of each data set in an epoch; -1: all'),
    ratio_mode: z.boolean().default(false).describe('dataset_size are shares of the data sets'),
    seed,
    round_up: ignoredOption('concerns several processes', { schema: z.boolean().default(true), harmless: anyValue }),
  }),
  build: (options) => options,
});

const multiSource = z.strictObject({
  batch_size: z.int().positive().describe('Images per batch: that of the loader'),
  source_ratio: z.array(z.number().positive()).min(1).describe('Share of each data set in a batch'),
  shuffle: z.boolean().default(true).describe('Shuffle the images of each data set anew every pass'),
  seed,
});

export const MultiSourceSampler = defineModule({
  kind: 'data_sampler',
  type: 'MultiSourceSampler',
  summary: 'Batches of images of each data set of a ConcatDataset, in shares; each has a pipeline of its own',
  origin: 'MMDetection',
  shapes: 'n images of k data sets -> batches of indices, without end',
  example: "{ type: 'MultiSourceSampler', batch_size: 5, source_ratio: [1, 4] }",
  options: multiSource,
  build: (options) => options,
});

export const GroupMultiSourceSampler = defineModule({
  kind: 'data_sampler',
  type: 'GroupMultiSourceSampler',
  summary: 'MultiSourceSampler with batches of portrait images and batches of landscape ones, for less padding',
  origin: 'MMDetection',
  shapes: 'n images of k data sets -> batches of indices, without end',
  example: "{ type: 'GroupMultiSourceSampler', batch_size: 5, source_ratio: [1, 4] }",
  options: multiSource,
  build: (options) => options,
});

export const TrackImgSampler = defineModule({
  kind: 'data_sampler',
  type: 'TrackImgSampler',
  summary: 'Every frame of the videos: shuffled in training, in their order in evaluation',
  origin: 'MMDetection',
  shapes: 'n frames -> a permutation of 0 .. n-1 for each epoch',
  example: "{ type: 'TrackImgSampler' }",
  options: z.strictObject({ seed }),
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

export const TrackAspectRatioBatchSampler = defineModule({
  ...AspectRatioBatchSampler,
  type: 'TrackAspectRatioBatchSampler',
  summary: 'Batches of frames of portrait videos and batches of landscape ones, for less padding',
  example: "{ type: 'TrackAspectRatioBatchSampler' }",
});

export const dataSamplers = [
  DefaultSampler,
  InfiniteSampler,
  ClassAwareSampler,
  CustomSampleSizeSampler,
  MultiSourceSampler,
  GroupMultiSourceSampler,
  TrackImgSampler,
  AspectRatioBatchSampler,
  TrackAspectRatioBatchSampler,
] as const satisfies readonly AnyDefinition[];
