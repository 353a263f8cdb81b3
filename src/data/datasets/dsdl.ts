// DSDLDetDataset: data sets in OpenDataLab's description language. MMDetection runs Python that its dsdl package writes from the YAML;
// here it is parsed. Deviations: images without boxes are kept unless filter_empty_gt drops them, boxes have the label and flag of
// their own struct, metainfo.classes selects classes, and where data_prefix is not given `original` is looked in, too.

import path from 'node:path';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { imageFolders } from '../formats/dsdl';
import { readDescription } from '../formats/dsdl/description';
import { readImages } from '../formats/dsdl/images';
import { annotatedLoader } from './annotated-loader';
import { sharedOptions, unusedPrefix } from './coco-options';
import type { DatasetLoader } from './dataset-loader';

const READ_KEYS = [
  'Image',
  'ImageShape',
  'Label',
  'Bbox',
  'Polygon',
  'ignore_flag',
  'is_group_of',
  'image_level_labels',
];

const options = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('YAML file of a split, as dsdl/set-train/train.yaml'),
  data_prefix: z
    .strictObject({ img_path: z.string().default(''), sub_data_root: unusedPrefix })
    .default({ img_path: '' })
    .describe('img_path: folder of images'),
  with_bbox: z.literal(true).default(true).describe('Only true: an image without boxes is none for MMDetection'),
  with_polygon: z.boolean().default(false).describe('Read polygons as masks'),
  with_mask: z.literal(false).default(false).describe('Only false: semantic maps, which MMDetection fails to load'),
  with_imagelevel_label: z
    .boolean()
    .default(false)
    .describe('Read the classes that were verified in each image; specific_key_path.image_level_labels names them'),
  with_hierarchy: z
    .boolean()
    .default(false)
    .describe('Names of classes are paths from a root, "root.vehicle.car": each node is a class'),
  specific_key_path: z
    .record(z.string(), z.string())
    .default({})
    .describe(`Fields by path, such as { ignore_flag: './objects/*/difficult' }; read are ${READ_KEYS.join(', ')}`),
  pre_transform: z.strictObject({}).default({}).describe('Only {}: functions of Python'),
  filter_cfg: z
    .strictObject({
      filter_empty_gt: z.boolean().default(false).describe('Drop images without ground truth'),
      min_size: z.number().min(0).default(0).describe('Drop images whose shorter side is below this, pixels'),
      bbox_min_size: ignoredOption('small boxes are kept, as by MMDetection here', {
        schema: z.number().min(0).optional(),
        harmless: [0],
      }),
    })
    .nullable()
    .default(null)
    .describe('Filters of the training set'),
  proposal_file: z.null().optional().describe('Only null'),
});
type Options = z.output<typeof options>;

function dsdlLoader(given: Options, { path: at }: BuildContext): DatasetLoader {
  const { specific_key_path: paths, data_prefix: prefix } = given;
  const where = `${at}.specific_key_path`;
  if (given.with_imagelevel_label && !('image_level_labels' in paths))
    throw new DetLabError(
      `Cannot use ${at}: with_imagelevel_label needs specific_key_path.image_level_labels, such as './image_labels/*/label'`,
    );
  let above: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  return annotatedLoader(
    given,
    at,
    async (file, report) => {
      const unread = Object.keys(paths).filter((key) => !READ_KEYS.includes(key));
      if (unread.length > 0) report.notice(`${unread.join(', ')} of specific_key_path: nothing reads such fields`);
      const { images, labels } = readImages(
        await readDescription(file, report),
        {
          paths,
          where,
          polygons: given.with_polygon,
          imageLabels: given.with_imagelevel_label,
          hierarchy: given.with_hierarchy,
        },
        report,
      );
      above = labels.above;
      const folder = path.resolve(given.data_root ?? '', prefix.img_path);
      const folders = prefix.img_path === '' ? [folder, ...imageFolders(file)] : [folder];
      return { parts: [{ name: 'train', images, folders }], classes: labels.classes };
    },
    (dataset) => {
      if (!above) return dataset;
      const labelsOf = (names: Iterable<string>): number[] =>
        [...names].map((name) => dataset.classes.indexOf(name)).filter((label) => label >= 0);
      return {
        ...dataset,
        ancestors: dataset.classes.map((name) => labelsOf(above?.get(name) ?? []).sort((a, b) => a - b)),
      };
    },
  );
}

export const DSDLDetDataset = defineModule({
  kind: 'dataset',
  type: 'DSDLDetDataset',
  summary: "Images with boxes in OpenDataLab's description language DSDL",
  origin: 'MMDetection',
  shapes: 'a YAML file with samples in JSON, a folder of images -> images with boxes [k, 4], labels [k], masks',
  example:
    "{ type: 'DSDLDetDataset', data_root: 'data/VOC07-det', ann_file: 'dsdl/set-train/train.yaml', data_prefix: { img_path: 'original' } }",
  options,
  build: dsdlLoader,
});
