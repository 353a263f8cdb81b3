// Data sets around data sets: ConcatDataset, RepeatDataset, ClassBalancedDataset (mmengine) and MultiImageMixDataset
// (MMDetection). What they make of the images' number and order belongs to training: see `planDataset`.

import { z } from 'zod';
import {
  type AnyDefinition,
  type BuildContext,
  defineModule,
  type ModuleConfig,
  moduleOption,
} from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Dataset } from '../types';
import type { DatasetLoader } from './dataset-loader';

const inside = moduleOption('dataset').describe('The data set inside');
const lazy = { lazy_init: z.boolean().default(false).describe('Accepted and without effect') };

const load = (config: ModuleConfig, { registry, path }: BuildContext, name = 'dataset') =>
  registry.build<DatasetLoader>('dataset', config, { path: path ? `${path}.${name}` : name });

export const ConcatDataset = defineModule({
  kind: 'dataset',
  type: 'ConcatDataset',
  summary: 'Several data sets of the same classes, one after the other',
  origin: 'mmengine',
  shapes: 'several lists of images -> one list',
  example:
    "{ type: 'ConcatDataset', datasets: [{ type: 'VOCDataset', ann_file: 'VOC2007/ImageSets/Main/train.txt' }] }",
  options: z.strictObject({
    datasets: z.array(moduleOption('dataset')).min(1).describe('The data sets'),
    ignore_keys: z
      .union([z.string(), z.array(z.string())])
      .nullish()
      .describe('Accepted: of the meta information only the classes count'),
    ...lazy,
  }),
  build: ({ datasets }, context): DatasetLoader => {
    const loaders = datasets.map((config, i) => load(config, context, `datasets.${i}`));
    return {
      pipeline: loaders[0].pipeline,
      load: async () => joined(await Promise.all(loaders.map((loader) => loader.load()))),
    };
  },
});

function joined(parts: Dataset[]): Dataset {
  const [first, ...others] = parts;
  for (const { name, classes } of others)
    if (classes.join('\n') !== first.classes.join('\n'))
      throw new DetLabError(
        `Cannot put "${first.name}" and "${name}" together: their classes differ (${first.classes.join(', ')}; ` +
          `${classes.join(', ')}). Give both the same metainfo.classes`,
      );
  return {
    name: parts.map(({ name }) => name).join(' + '),
    classes: first.classes,
    records: parts.flatMap(({ records }) => records),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

export const RepeatDataset = defineModule({
  kind: 'dataset',
  type: 'RepeatDataset',
  summary: 'A data set several times in an epoch',
  origin: 'mmengine',
  shapes: 'a list of images -> the list several times',
  example: "{ type: 'RepeatDataset', times: 5, dataset: { type: 'CocoDataset', ann_file: 'train.json' } }",
  options: z.strictObject({ dataset: inside, times: z.number().int().positive().describe('How often'), ...lazy }),
  build: ({ dataset }, context): DatasetLoader => load(dataset, context),
});

export const ClassBalancedDataset = defineModule({
  kind: 'dataset',
  type: 'ClassBalancedDataset',
  summary: 'A data set whose images of rare classes come several times in an epoch',
  paper: 'Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019',
  shapes: 'a list of images -> a list in which some stand several times',
  example:
    "{ type: 'ClassBalancedDataset', oversample_thr: 0.001, dataset: { type: 'CocoDataset', ann_file: 'a.json' } }",
  options: z.strictObject({
    dataset: inside,
    oversample_thr: z.number().nonnegative().describe('Classes in a smaller share of the images are repeated'),
    ...lazy,
  }),
  build: ({ dataset }, context): DatasetLoader => load(dataset, context),
});

export const MultiImageMixDataset = defineModule({
  kind: 'dataset',
  type: 'MultiImageMixDataset',
  summary: 'A data set whose transforms put several images into one: Mosaic, MixUp',
  origin: 'MMDetection',
  shapes: 'a list of images -> the list, its samples made of several images',
  example: "{ type: 'MultiImageMixDataset', dataset: { type: 'CocoDataset', ann_file: 'a.json' }, pipeline: [] }",
  options: z.strictObject({
    dataset: inside,
    pipeline: z
      .array(moduleOption('transform'))
      .describe('Transforms of what the data set inside gives, first to last'),
    skip_type_keys: z.array(z.string()).nullish().describe('Types of transforms to leave out'),
    max_refetch: z.number().int().positive().default(15).describe('How often a transform is tried on one image'),
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
