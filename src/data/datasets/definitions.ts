// CocoDataset, CityscapesDataset, Objects365's, VOCDataset and MMYOLO's, with their config options: paths relative to data_root,
// filter_cfg, metainfo.classes.

import path from 'node:path';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import {
  type AnyDefinition,
  type BuildContext,
  defineModule,
  type ModuleConfig,
  moduleOption,
} from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { CITYSCAPES_CLASSES } from '../../masks/cityscapes-labels';
import { openFormat } from '../formats/open-format';
import type { Dataset } from '../types';
import { batchShapesOptions } from './batch-shapes';
import { type CityscapesFiles, writeCityscapesAnnotations } from './cityscapes';
import { type CocoOptions, loadCoco } from './coco';
import type { DatasetLoader } from './dataset-loader';
import { metainfoOption, namesOf, paletteOf } from './metainfo';
import { OBJECTS365_V1, OBJECTS365_V2, objects365File } from './objects365';
import { loadVoc } from './voc';
import { WRAPPERS } from './wrappers';

const forText = 'no detector here reads class names as text';
export const unusedPrefix = ignoredOption('the dataset has no such folder', {
  schema: z.string().optional(),
  harmless: [''],
});
const fromDisk = ignoredOption('files are read from disk', {
  harmless: [{ backend: 'disk' }, { backend: 'local' }],
  lost: true,
});
/** Of every data set. */
export const datasetOptions = {
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
  backend_args: z.null().default(null).describe('Only null: files are read from disk'),
  return_classes: ignoredOption(forText, { schema: z.boolean().default(false) }),
  caption_prompt: ignoredOption(forText),
  seg_map_suffix: ignoredOption('semantic maps of such data sets are not read', { schema: z.string().default('.png') }),
  serialize_data: z.boolean().default(true).describe('Accepted, without effect: records are not copied to workers'),
  max_refetch: z.int().positive().default(1000).describe('Accepted: an image without use is replaced by another'),
  file_client_args: fromDisk,
  lazy_init: ignoredOption('annotations are read at once', { schema: z.boolean().default(false) }),
};

export const cocoOptions = z.strictObject({
  ...datasetOptions,
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

/** @param defaults what the type of the dataset sets: default class names, its filter */
export function cocoLoader(
  options: z.output<typeof cocoOptions>,
  { path: at }: BuildContext,
  defaults: Pick<CocoOptions, 'classes' | 'filterIgnored' | 'imageField' | 'imageFile'> = {},
  prepare?: (files: CityscapesFiles) => Promise<string | undefined>,
): DatasetLoader {
  return {
    pipeline: options.pipeline as ModuleConfig[],
    load: async (given) => {
      const { proposal_file: file } = options;
      const annFile = path.resolve(options.data_root ?? '', options.ann_file);
      const imgDir = path.resolve(options.data_root ?? '', options.data_prefix.img);
      const written = await prepare?.({ annFile, imgDir });
      const loaded = await loadCoco(annFile, imgDir, {
        ...defaults,
        classes: given?.classes ?? namesOf(options.metainfo) ?? defaults.classes,
        absentClasses: given?.classes ? 'note' : options.absent_classes,
        proposalFile: file ? path.resolve(options.data_root ?? '', file) : undefined,
        ...filterOf(options),
      });
      const { seg } = options.data_prefix;
      if (seg) addSemanticFiles(loaded, imgDir, path.resolve(options.data_root ?? '', seg), options.seg_map_suffix);
      if (written) loaded.notices = [written, ...(loaded.notices ?? [])];
      return usedPart(loaded, options, at);
    },
  };
}

export const CocoDataset = defineModule({
  kind: 'dataset',
  type: 'CocoDataset',
  summary: "Images with boxes and masks in COCO's JSON format",
  paper: 'Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014',
  shapes: 'a JSON file and a folder of images -> images with boxes [k, 4], labels [k] and masks',
  example: "{ type: 'CocoDataset', data_root: 'data/coco/', ann_file: 'val.json', data_prefix: { img: 'val2017/' } }",
  options: cocoOptions,
  build: (options, context): DatasetLoader => cocoLoader(options, context),
});

export const CityscapesDataset = defineModule({
  kind: 'dataset',
  type: 'CityscapesDataset',
  summary:
    'Street scenes with masks of eight classes, in COCO JSON files, which are made from gtFine where they are missing; images with crowds only are dropped in training',
  paper: 'Cordts et al., The Cityscapes Dataset for Semantic Urban Scene Understanding, CVPR 2016',
  shapes: 'a JSON file and a folder of images -> images with boxes [k, 4], labels [k] and masks',
  example:
    "{ type: 'CityscapesDataset', data_root: 'data/cityscapes/', ann_file: 'annotations/instancesonly_filtered_gtFine_val.json', data_prefix: { img: 'leftImg8bit/val/' } }",
  options: cocoOptions,
  build: (options, context): DatasetLoader => {
    const defaults = { classes: CITYSCAPES_CLASSES, filterIgnored: true };
    return cocoLoader(options, context, defaults, writeCityscapesAnnotations);
  },
});

const objects365 = <Type extends string>(type: Type, version: string, classes: string[]) =>
  defineModule({
    kind: 'dataset',
    type,
    summary: `Objects365 ${version}, images with boxes of 365 classes in COCO JSON files`,
    paper: 'Shao et al., Objects365: A Large-scale, High-quality Dataset for Object Detection, ICCV 2019',
    shapes: 'a JSON file and a folder of images -> images with boxes [k, 4] and labels [k]',
    example: `{ type: '${type}', data_root: 'data/Objects365/', ann_file: 'annotations/val.json', data_prefix: { img: 'val/' } }`,
    options: cocoOptions,
    build: (options: z.output<typeof cocoOptions>, context: BuildContext): DatasetLoader =>
      cocoLoader(options, context, { classes, imageFile: objects365File }),
  });
export const Objects365V1Dataset = objects365('Objects365V1Dataset', 'v1', OBJECTS365_V1);
export const Objects365V2Dataset = objects365('Objects365V2Dataset', 'v2', OBJECTS365_V2);

const vocOptions = z.strictObject({
  ...datasetOptions,
  ann_file: z.string().describe('List of image ids: <folder>/ImageSets/Main/<split>.txt'),
  ann_subdir: z.literal('Annotations').default('Annotations').describe('Only "Annotations": folder of the XML files'),
  img_subdir: z.literal('JPEGImages').default('JPEGImages').describe('Only "JPEGImages": folder of the images'),
  proposal_file: z.null().optional().describe('Only null'),
  data_prefix: z
    .strictObject({ sub_data_root: z.string().default(''), img: unusedPrefix })
    .default({ sub_data_root: '' })
    .describe('sub_data_root: the VOC folder, relative to data_root'),
  first_pixel: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .describe("Number of the first pixel, DetLab's own: 0 where a coordinate is 0 or has a fraction, else 1 as in VOC"),
});

function vocLoader(options: z.output<typeof vocOptions>, { path: at }: BuildContext): DatasetLoader {
  const root = path.resolve(options.data_root ?? '', options.data_prefix.sub_data_root);
  const list = path.resolve(options.data_root ?? '', options.ann_file);
  const expected = path.join(root, 'ImageSets', 'Main');
  if (path.dirname(list) !== expected || !list.endsWith('.txt'))
    throw new DetLabError(
      `Cannot use VOCDataset: expected ann_file to be a .txt file in "${expected}", received "${list}"`,
    );
  return {
    pipeline: options.pipeline as ModuleConfig[],
    load: async (given) =>
      usedPart(
        await loadVoc(root, {
          split: path.basename(list, '.txt'),
          classes: given?.classes ?? namesOf(options.metainfo),
          absentClasses: given?.classes ? 'note' : options.absent_classes,
          firstPixel: options.first_pixel,
          bboxMinSize: options.test_mode ? undefined : options.filter_cfg?.bbox_min_size,
          ...filterOf(options),
        }),
        options,
        at,
      ),
  };
}

export const VOCDataset = defineModule({
  kind: 'dataset',
  type: 'VOCDataset',
  summary: "Images with boxes in Pascal VOC's XML format",
  paper: 'Everingham et al., The Pascal Visual Object Classes Challenge, IJCV 2010',
  shapes: 'a folder of XML files and one of images -> images with boxes [k, 4] and labels [k]',
  example: "{ type: 'VOCDataset', data_root: 'data/bccd', ann_file: 'ImageSets/Main/train.txt' }",
  options: vocOptions,
  build: (options, context): DatasetLoader => vocLoader(options, context),
});

const middleOptions = z.strictObject({
  ...datasetOptions,
  ann_file: z.string().describe('Annotation file, .json or .pkl'),
  data_prefix: z
    .strictObject({ img: z.string().optional(), img_path: z.string().optional(), sub_data_root: unusedPrefix })
    .default({})
    .describe('img_path (or img): folder of images'),
  proposal_file: z.null().optional().describe('Only null'),
});

function middleLoader(options: z.output<typeof middleOptions>, { path: at }: BuildContext): DatasetLoader {
  const root = options.data_root ?? '';
  return {
    pipeline: options.pipeline as ModuleConfig[],
    load: async (given) => {
      const { img_path, img } = options.data_prefix;
      const { train } = await openFormat(path.resolve(root, options.ann_file), 'middle', {
        classes: given?.classes ?? namesOf(options.metainfo),
        absentClasses: given?.classes ? 'note' : options.absent_classes,
        images: path.resolve(root, img_path ?? img ?? ''),
        ...filterOf(options),
      });
      return usedPart(train, options, at);
    },
  };
}

export const BaseDetDataset = defineModule({
  kind: 'dataset',
  type: 'BaseDetDataset',
  summary: "Images with boxes in mmengine's format: { metainfo, data_list } as JSON or a pickle",
  origin: 'MMDetection',
  shapes: 'a file and a folder of images -> images with boxes [k, 4], labels [k] and masks',
  example:
    "{ type: 'BaseDetDataset', data_root: 'data/cells/', ann_file: 'train.json', data_prefix: { img_path: 'images/' } }",
  options: middleOptions,
  build: (options, context): DatasetLoader => middleLoader(options, context),
});

export const CustomDataset = defineModule({
  kind: 'dataset',
  type: 'CustomDataset',
  summary: 'Images with boxes in the middle format of MMDetection 1 and 2: a list of { filename, width, height, ann }',
  origin: 'MMDetection 2',
  shapes: 'a .json or .pkl file and a folder of images -> images with boxes [k, 4] and labels [k]',
  example:
    "{ type: 'CustomDataset', ann_file: 'train.pkl', data_prefix: { img: 'images' }, metainfo: { classes: ['cell'] } }",
  options: middleOptions,
  build: (options, context): DatasetLoader => middleLoader(options, context),
});

/** The option that MMYOLO's datasets add; applied in evaluation. */
export const batchShapes = {
  batch_shapes_cfg: batchShapesOptions
    .nullish()
    .describe('Sorts evaluation images by aspect ratio and pads them per batch'),
};

export const YOLOv5CocoDataset = defineModule({
  kind: 'dataset',
  type: 'YOLOv5CocoDataset',
  summary: "MMYOLO's CocoDataset: its transforms may mix several of its images",
  origin: 'MMYOLO',
  shapes: 'a COCO JSON file and a folder of images -> images with boxes, labels and masks',
  example: "{ type: 'YOLOv5CocoDataset', ann_file: 'val.json', data_prefix: { img: 'val2017/' } }",
  options: z.strictObject({ ...cocoOptions.shape, ...batchShapes }),
  build: (options, context): DatasetLoader => cocoLoader(options, context),
});

export const YOLOv5VOCDataset = defineModule({
  kind: 'dataset',
  type: 'YOLOv5VOCDataset',
  summary: "MMYOLO's VOCDataset: its transforms may mix several of its images",
  origin: 'MMYOLO',
  shapes: 'a VOC folder -> images with boxes and labels',
  example: "{ type: 'YOLOv5VOCDataset', data_root: 'data/bccd', ann_file: 'ImageSets/Main/train.txt' }",
  options: z.strictObject({ ...vocOptions.shape, ...batchShapes }),
  build: (options, context): DatasetLoader => vocLoader(options, context),
});

export const GENERAL_DATASETS = [
  CocoDataset,
  CityscapesDataset,
  Objects365V1Dataset,
  Objects365V2Dataset,
  VOCDataset,
  YOLOv5CocoDataset,
  YOLOv5VOCDataset,
  BaseDetDataset,
  CustomDataset,
  ...WRAPPERS,
] as const satisfies readonly AnyDefinition[];

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
  { indices, metainfo }: Pick<z.output<typeof cocoOptions>, 'indices' | 'metainfo'>,
  at: string,
): Dataset {
  const palette = paletteOf(metainfo, dataset.classes, at);
  return { ...subsetOf(dataset, indices), ...(palette && { palette }) };
}

/** The images that `indices` selects after filtering; a negative one counts from the end. */
function subsetOf(dataset: Dataset, indices: number | readonly number[] | null): Dataset {
  const { records } = dataset;
  if (indices === null) return dataset;
  if (typeof indices === 'number')
    return { ...dataset, records: indices > 0 ? records.slice(0, indices) : records.slice(indices) };
  const beyond = indices.find((index) => records.at(index) === undefined);
  if (beyond !== undefined)
    throw new DetLabError(
      `Cannot use indices of dataset "${dataset.name}": expected ${-records.length} to ${records.length - 1}, received ${beyond}`,
    );
  return { ...dataset, records: indices.map((index) => records.at(index)!) };
}
