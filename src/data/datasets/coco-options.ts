// The config options of datasets, and those of COCO's format: paths relative to data_root, filter_cfg, metainfo.classes.

import path from 'node:path';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Dataset } from '../types';
import type { CityscapesFiles } from './cityscapes';
import { type CocoOptions, loadCoco } from './coco';
import type { DatasetLoader } from './dataset-loader';
import { giveNames } from './give-names';
import { classGroupsOf, metainfoOption, namesOf, paletteOf } from './metainfo';

const captionPrompt = z.record(
  z.string(),
  z.strictObject({
    prefix: z.string().optional().describe('Written before the name'),
    name: z.string().optional().describe('Written in place of the name'),
    suffix: z.string().optional().describe('Written after the name'),
  }),
);
export const unusedPrefix = ignoredOption('the dataset has no such folder', {
  schema: z.string().optional(),
  harmless: [''],
});
const fromDisk = ignoredOption('files are read from disk', {
  harmless: [{ backend: 'disk' }, { backend: 'local' }],
  lost: true,
});
/** Of every dataset of files. */
export const sharedOptions = {
  data_root: z.string().nullable().default('').describe('Root folder of the other paths'),
  metainfo: metainfoOption,
  absent_classes: z
    .enum(['refuse', 'suspect', 'note'])
    .default('suspect')
    .describe(
      "Selected classes that the files lack, DetLab's own: all refused, only those nearly spelt as another, or none",
    ),
  filter_cfg: z
    .strictObject({
      filter_empty_gt: z.boolean().default(false).describe('Drop images without ground truth'),
      min_size: z.number().min(0).default(0).describe('Drop images whose shorter side is below this, pixels'),
      bbox_min_size: z.number().min(0).optional().describe('Ignore boxes narrower or lower than this, pixels (VOC)'),
    })
    .nullable()
    .default(null)
    .describe('Filters of the training set'),
  pipeline: z.array(moduleOption('transform')).default([]).describe('Transforms, in order'),
  test_mode: z.boolean().default(false).describe('Evaluation mode: nothing is filtered'),
  indices: z
    .union([z.int().refine((count) => count !== 0, 'expected a number of images, not 0'), z.array(z.int()).min(1)])
    .nullable()
    .default(null)
    .describe('Use only the first images, this many; the last ones if negative; or those at these indices'),
  backend_args: fromDisk,
  return_classes: z
    .boolean()
    .default(false)
    .describe('Give each image the names of the classes as its text, for detectors on text'),
  caption_prompt: captionPrompt
    .nullish()
    .describe(
      'What is written around or in place of class names in the text: { penguin: { suffix: ", black and white" } }',
    ),
  seg_map_suffix: ignoredOption('semantic maps of such data sets are not read', { schema: z.string().default('.png') }),
  serialize_data: ignoredOption('records are not copied to workers', {
    schema: z.boolean().default(true),
    harmless: anyValue,
  }),
  max_refetch: ignoredOption('an image without use is replaced by another', {
    schema: z.int().positive().default(1000),
  }),
  file_client_args: fromDisk,
  lazy_init: ignoredOption('annotations are read at once', { schema: z.boolean().default(false) }),
};

export const cocoOptions = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('Annotation file'),
  data_prefix: z
    .strictObject({ img: z.string().default(''), seg: z.string().optional(), sub_data_root: unusedPrefix })
    .default({ img: '' })
    .describe('img: folder of images; seg: folder of semantic maps, named as the images'),
  seg_map_suffix: z.string().default('.png').describe('Ending of the files of semantic maps'),
  proposal_file: z.string().nullish().describe('JSON file of precomputed proposals, for Fast R-CNN'),
});

/** Names the semantic map of every image: in `folder` as the image in its folder, with `suffix` as its ending. */
function addSemanticFiles({ records }: Dataset, images: string, folder: string, suffix: string): void {
  for (const record of records) {
    const { dir, name } = path.parse(path.relative(images, record.path));
    record.semanticFile = path.join(folder, dir, name + suffix);
  }
}

/** What the type of a dataset sets: default class names, its filter, whether `seg` has panoptic maps. */
type TypeDefaults = Pick<CocoOptions, 'classes' | 'filterIgnored' | 'imageField' | 'imageFile'> & {
  panoptic?: boolean;
};

export function cocoLoader(
  options: z.output<typeof cocoOptions>,
  { path: at }: BuildContext,
  { panoptic = false, ...defaults }: TypeDefaults = {},
  prepare?: (files: CityscapesFiles) => Promise<string | undefined>,
): DatasetLoader {
  return {
    pipeline: options.pipeline as ModuleConfig[],
    readsText: options.return_classes,
    load: async (given) => {
      const { proposal_file: file } = options;
      const annFile = path.resolve(options.data_root ?? '', options.ann_file);
      const imgDir = path.resolve(options.data_root ?? '', options.data_prefix.img);
      const { seg } = options.data_prefix;
      const segDir = seg ? path.resolve(options.data_root ?? '', seg) : undefined;
      const written = await prepare?.({ annFile, imgDir });
      const loaded = await loadCoco(annFile, imgDir, {
        ...defaults,
        classes: given?.classes ?? namesOf(options.metainfo) ?? defaults.classes,
        absentClasses: given?.classes ? 'note' : options.absent_classes,
        proposalFile: file ? path.resolve(options.data_root ?? '', file) : undefined,
        // COCO's maps are beside the file, in a folder of its name
        ...(panoptic && { panopticDir: segDir ?? annFile.replace(/\.json$/, '') }),
        ...filterOf(options),
      });
      if (segDir && !panoptic) addSemanticFiles(loaded, imgDir, segDir, options.seg_map_suffix);
      if (written) loaded.notices = [written, ...(loaded.notices ?? [])];
      return usedPart(loaded, options, at);
    },
  };
}

export function filterOf(options: {
  test_mode: boolean;
  filter_cfg: { filter_empty_gt: boolean; min_size: number } | null;
}): {
  filterEmpty?: boolean;
  minSize?: number;
} {
  if (options.test_mode || !options.filter_cfg) return {};
  return { filterEmpty: options.filter_cfg.filter_empty_gt, minSize: options.filter_cfg.min_size };
}

/** What the options select of a dataset, with the colours of its classes. */
export function usedPart(
  dataset: Dataset,
  options: Pick<z.output<typeof cocoOptions>, 'indices' | 'metainfo' | 'return_classes' | 'caption_prompt'>,
  at: string,
): Dataset {
  const palette = paletteOf(options.metainfo, dataset.classes, at);
  const classGroups = classGroupsOf(options.metainfo);
  const used = {
    ...subsetOf(dataset, options.indices),
    ...(palette && { palette }),
    ...(classGroups && { classGroups }),
  };
  if (!options.return_classes) return used;
  // without captions of their own the model's names of the classes are read, which need not be with every image
  if (options.caption_prompt) giveNames(used, options.caption_prompt);
  return { ...used, readsText: true };
}

/** The images that `indices` selects after filtering. */
export function subsetOf(dataset: Dataset, indices: Indices | null): Dataset {
  if (indices === null) return dataset;
  return { ...dataset, records: selected(dataset.records, indices, dataset.name) };
}

type Indices = number | readonly number[];

/**
 * What `indices` selects of images or videos; a negative one counts from the end.
 * @throws DetLabError for an index beyond them
 */
export function selected<T>(all: readonly T[], indices: Indices, name: string): T[] {
  if (typeof indices === 'number') return indices > 0 ? all.slice(0, indices) : all.slice(indices);
  const beyond = indices.find((index) => all.at(index) === undefined);
  if (beyond !== undefined)
    throw new DetLabError(
      `Cannot use indices of dataset "${name}": expected ${-all.length} to ${all.length - 1}, received ${beyond}`,
    );
  return indices.map((index) => all.at(index)!);
}
