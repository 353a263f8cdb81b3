// Data sets in COCO's JSON format that have classes or file names of their own: LVIS, V3Det, DeepFashion, iSAID. The classes of LVIS
// are those of its annotation file, in whose order MMDetection has them too.

import path from 'node:path';
import { z } from 'zod';
import { type AnyDefinition, type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { LIMITS, readBounded } from '../loading/bounded-read';
import { decodeText } from '../loading/text-encoding';
import type { CocoOptions } from './coco';
import { cocoLoader, cocoOptions } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { namesOf } from './metainfo';

const LVIS_PAPER = 'Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019';
const SHAPES = 'a JSON file and a folder of images -> images with boxes [k, 4], labels [k] and masks';
/** Where the images of COCO are published. */
const COCO_SITE = 'http://images.cocodataset.org/';
/** Digits and ending of a file name of 2017, which those of 2014 end in. */
const NAME_2017 = 16;

type Options = z.output<typeof cocoOptions>;

const lvis = <Type extends string>(type: Type, version: string, files: Pick<CocoOptions, 'imageField' | 'imageFile'>) =>
  defineModule({
    kind: 'dataset',
    type,
    summary: `LVIS ${version}, images of COCO with boxes and masks of more than a thousand classes, rare ones among them`,
    paper: LVIS_PAPER,
    shapes: SHAPES,
    example: `{ type: '${type}', data_root: 'data/lvis/', ann_file: 'annotations/lvis_val.json', data_prefix: { img: '' } }`,
    options: cocoOptions,
    build: (options: Options, context: BuildContext): DatasetLoader => cocoLoader(options, context, files),
  });
/** The files of 2014 under their names of 2017. */
const of2014 = { imageFile: (name: string) => (name.startsWith('COCO') ? name.slice(-NAME_2017) : name) };
const LVISV05Dataset = lvis('LVISV05Dataset', 'v0.5', of2014);
const LVISDataset = lvis('LVISDataset', 'v0.5', of2014);
const LVISV1Dataset = lvis('LVISV1Dataset', 'v1', {
  imageField: 'coco_url',
  imageFile: (address) => address.replace(COCO_SITE, ''),
});

const named = <Type extends string>(type: Type, what: { summary: string; paper: string; classes: string[] }) =>
  defineModule({
    kind: 'dataset',
    type,
    summary: what.summary,
    paper: what.paper,
    shapes: SHAPES,
    example: `{ type: '${type}', data_root: 'data/', ann_file: 'annotations/val.json', data_prefix: { img: 'images/' } }`,
    options: cocoOptions,
    build: (options: Options, context: BuildContext): DatasetLoader =>
      cocoLoader(options, context, { classes: what.classes }),
  });

const DeepFashionDataset = named('DeepFashionDataset', {
  summary: 'Photographs of people in clothes, with boxes and masks of 15 kinds of clothing and of hair, skin and faces',
  paper: 'Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval, CVPR 2016',
  classes: 'top skirt leggings dress outer pants bag neckwear headwear eyeglass belt footwear hair skin face'.split(
    ' ',
  ),
});

const iSAIDDataset = named('iSAIDDataset', {
  summary: 'Aerial images with masks of 15 kinds of objects, cut into patches; "background" is among its classes',
  paper: 'Waqas Zamir et al., iSAID: A Large-scale Dataset for Instance Segmentation in Aerial Images, CVPRW 2019',
  classes: (
    'background ship store_tank baseball_diamond tennis_court basketball_court Ground_Track_Field Bridge Large_Vehicle ' +
    'Small_Vehicle Helicopter Swimming_pool Roundabout Soccer_ball_field plane Harbor'
  ).split(' '),
});

const v3detOptions = z.strictObject({
  ...cocoOptions.shape,
  label_file: z
    .string()
    .default('annotations/category_name_13204_v3det_2023_v1.txt')
    .describe('Class names, one a line, relative to data_root; read where metainfo has no classes'),
});

const V3DetDataset = defineModule({
  kind: 'dataset',
  type: 'V3DetDataset',
  summary: 'V3Det, images with boxes of 13,204 classes in COCO JSON files, the names of the classes in a file of lines',
  paper: 'Wang et al., V3Det: Vast Vocabulary Visual Detection Dataset, ICCV 2023',
  shapes: 'a JSON file and a folder of images -> images with boxes [k, 4] and labels [k]',
  example:
    "{ type: 'V3DetDataset', data_root: 'data/V3Det/', ann_file: 'annotations/v3det_2023_v1_val.json', data_prefix: { img: '' } }",
  options: v3detOptions,
  build: (options, context): DatasetLoader => ({
    ...cocoLoader(options, context),
    load: async (given) => {
      const classes = given?.classes || namesOf(options.metainfo) ? undefined : await readNames(options);
      return cocoLoader(options, context, { classes }).load(given);
    },
  }),
});

async function readNames({ data_root, label_file }: z.output<typeof v3detOptions>): Promise<string[]> {
  const file = path.resolve(data_root ?? '', label_file);
  const bytes = await readBounded(file, LIMITS.list).catch((error: Error) => {
    const why = error.message.replace(`Cannot read "${file}": `, '').replace(/\.$/, '');
    throw new DetLabError(
      `Cannot read the class names of V3DetDataset from "${file}": ${why}. Give label_file, or metainfo.classes`,
    );
  });
  const { text } = decodeText(bytes);
  return text.split(/\r?\n/).filter((line) => line !== '');
}

export const COCO_RELATIVES = [
  LVISV05Dataset,
  LVISDataset,
  LVISV1Dataset,
  V3DetDataset,
  DeepFashionDataset,
  iSAIDDataset,
] as const satisfies readonly AnyDefinition[];
