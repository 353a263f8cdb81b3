// CocoDataset, CityscapesDataset, Objects365's, VOCDataset and MMYOLO's, with their config options.

import path from 'node:path';
import { z } from 'zod';
import { type AnyDefinition, type BuildContext, defineModule, type ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { CITYSCAPES_CLASSES } from '../../masks/cityscapes-labels';
import { openFormat } from '../formats/open-format';
import { batchShapesOptions } from './batch-shapes';
import { writeCityscapesAnnotations } from './cityscapes';
import { cocoLoader, cocoOptions, filterOf, sharedOptions, unusedPrefix, usedPart } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { DODDataset } from './dod';
import { Flickr30kDataset } from './flickr30k';
import { MDETRStyleRefCocoDataset } from './mdetr-style-ref-coco';
import { namesOf } from './metainfo';
import { OBJECTS365_V1, OBJECTS365_V2, objects365File } from './objects365';
import { ODVGDataset } from './odvg';
import { PANOPTIC_DATASETS } from './panoptic-definitions';
import { loadVoc } from './voc';
import { WRAPPERS } from './wrappers';

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
  ...sharedOptions,
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
  ...sharedOptions,
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
  ...PANOPTIC_DATASETS,
  VOCDataset,
  YOLOv5CocoDataset,
  YOLOv5VOCDataset,
  BaseDetDataset,
  CustomDataset,
  ODVGDataset,
  Flickr30kDataset,
  MDETRStyleRefCocoDataset,
  DODDataset,
  ...WRAPPERS,
] as const satisfies readonly AnyDefinition[];
