// CocoPanopticDataset and those of its kind: every pixel of an image is of a segment. Classes are those of the annotation file, things
// before stuff, where MMDetection has COCO's 133 by default, in this order too.

import type { z } from 'zod';
import { type AnyDefinition, type BuildContext, defineModule } from '../../catalogue/registry';
import { cocoLoader, cocoOptions } from './coco-options';
import type { DatasetLoader } from './dataset-loader';

const panoptic = <Type extends string>(type: Type, summary: string, paper: string, example: string) =>
  defineModule({
    kind: 'dataset',
    type,
    summary,
    paper,
    shapes:
      'a JSON file, folders of images and of PNG maps -> images with segments, boxes [k, 4], labels [k] and masks',
    example: `{ type: '${type}', ${example} }`,
    options: cocoOptions,
    build: (options: z.output<typeof cocoOptions>, context: BuildContext): DatasetLoader =>
      // images with crowds only teach nothing
      cocoLoader(options, context, { panoptic: true, filterIgnored: true }),
  });

export const CocoPanopticDataset = panoptic(
  'CocoPanopticDataset',
  "Images of which every pixel is of an object or of a region of stuff, in COCO's panoptic format",
  'Kirillov et al., Panoptic Segmentation, CVPR 2019',
  "data_root: 'data/coco/', ann_file: 'annotations/panoptic_val2017.json', data_prefix: { img: 'val2017/', seg: 'annotations/panoptic_val2017/' }",
);

export const ADE20KPanopticDataset = panoptic(
  'ADE20KPanopticDataset',
  "ADE20K in COCO's panoptic format: 100 classes of things, 50 of stuff",
  'Zhou et al., Scene Parsing through ADE20K Dataset, CVPR 2017',
  "data_root: 'data/ADEChallengeData2016/', ann_file: 'ade20k_panoptic_val.json', data_prefix: { img: 'images/validation/', seg: 'ade20k_panoptic_val/' }",
);

export const ADE20KInstanceDataset = defineModule({
  kind: 'dataset',
  type: 'ADE20KInstanceDataset',
  summary: "ADE20K's 100 classes of things with masks, in COCO's format",
  paper: 'Zhou et al., Scene Parsing through ADE20K Dataset, CVPR 2017',
  shapes: 'a JSON file and a folder of images -> images with boxes [k, 4], labels [k] and masks',
  example:
    "{ type: 'ADE20KInstanceDataset', data_root: 'data/ADEChallengeData2016/', ann_file: 'ade20k_instance_val.json', data_prefix: { img: 'images/validation' } }",
  options: cocoOptions,
  build: (options, context): DatasetLoader => cocoLoader(options, context),
});

export const PANOPTIC_DATASETS = [
  CocoPanopticDataset,
  ADE20KPanopticDataset,
  ADE20KInstanceDataset,
] as const satisfies readonly AnyDefinition[];
