// Dataset wrappers: ConcatDataset, RepeatDataset, ClassBalancedDataset (mmengine) and MultiImageMixDataset (MMDetection).
// How they repeat and order the images concerns training alone: see `planDataset`.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import {
  type AnyDefinition,
  type BuildContext,
  defineModule,
  type ModuleConfig,
  moduleOption,
} from '../../catalogue/registry';
import type { DatasetLoader } from './dataset-loader';
import { joinDatasets } from './join-datasets';

const inside = moduleOption('dataset').describe('The wrapped dataset');
const lazy = { lazy_init: ignoredOption('annotations are read at once', { schema: z.boolean().default(false) }) };

const load = (config: ModuleConfig, { registry, path }: BuildContext, name = 'dataset') =>
  registry.build('dataset', config, { path: path ? `${path}.${name}` : name });

export const ConcatDataset = defineModule({
  kind: 'dataset',
  type: 'ConcatDataset',
  summary: 'Concatenates datasets of the same classes',
  origin: 'mmengine',
  shapes: 'lists of images -> one list',
  example:
    "{ type: 'ConcatDataset', datasets: [{ type: 'VOCDataset', ann_file: 'VOC2007/ImageSets/Main/train.txt' }] }",
  options: z.strictObject({
    datasets: z.array(moduleOption('dataset')).min(1).describe('Datasets to concatenate'),
    ignore_keys: ignoredOption('of the metainfo only the classes are compared', {
      schema: z.union([z.string(), z.array(z.string())]).nullish(),
      harmless: anyValue,
    }),
    ...lazy,
  }),
  build: ({ datasets }, context): DatasetLoader => {
    const loaders = datasets.map((config, i) => load(config, context, `datasets.${i}`));
    return {
      pipeline: loaders[0].pipeline,
      readsText: loaders.every(({ readsText }) => readsText === true),
      load: async (given) => joinDatasets(await Promise.all(loaders.map((loader) => loader.load(given)))),
    };
  },
});

export const RepeatDataset = defineModule({
  kind: 'dataset',
  type: 'RepeatDataset',
  summary: 'Repeats a dataset several times per epoch',
  origin: 'mmengine',
  shapes: 'a list of images -> the list repeated',
  example: "{ type: 'RepeatDataset', times: 5, dataset: { type: 'CocoDataset', ann_file: 'train.json' } }",
  options: z.strictObject({
    dataset: inside,
    times: z.number().int().positive().describe('Number of repetitions'),
    ...lazy,
  }),
  build: ({ dataset }, context): DatasetLoader => load(dataset, context),
});

export const ClassBalancedDataset = defineModule({
  kind: 'dataset',
  type: 'ClassBalancedDataset',
  summary: 'Oversamples images of rare classes by repetition',
  paper: 'Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019',
  shapes: 'a list of images -> the list, some images repeated',
  example:
    "{ type: 'ClassBalancedDataset', oversample_thr: 0.001, dataset: { type: 'CocoDataset', ann_file: 'a.json' } }",
  options: z.strictObject({
    dataset: inside,
    oversample_thr: z
      .number()
      .nonnegative()
      .describe('Oversample images of classes that occur in a smaller fraction of images'),
    ...lazy,
  }),
  build: ({ dataset }, context): DatasetLoader => load(dataset, context),
});

export const MultiImageMixDataset = defineModule({
  kind: 'dataset',
  type: 'MultiImageMixDataset',
  summary: 'Applies transforms that mix several images, as Mosaic and MixUp',
  origin: 'MMDetection',
  shapes: 'a list of images -> the list, each sample mixed from several images',
  example: "{ type: 'MultiImageMixDataset', dataset: { type: 'CocoDataset', ann_file: 'a.json' }, pipeline: [] }",
  options: z.strictObject({
    dataset: inside,
    pipeline: z.array(moduleOption('transform')).describe("Transforms applied after the wrapped dataset's, in order"),
    skip_type_keys: z.array(z.string()).nullish().describe('Types of transforms to skip'),
    max_refetch: z.number().int().positive().default(15).describe('Attempts of a transform on one sample'),
    ...lazy,
  }),
  build: ({ dataset, pipeline }, context): DatasetLoader => ({
    ...load(dataset, context),
    pipeline,
  }),
});

export const WRAPPERS = [
  ConcatDataset,
  RepeatDataset,
  ClassBalancedDataset,
  MultiImageMixDataset,
] as const satisfies readonly AnyDefinition[];
