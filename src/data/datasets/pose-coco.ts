// PoseCocoDataset: COCO's persons with their keypoints (MMYOLO's form of MMPose's CocoDataset). Objects without keypoints are left out, as
// are images without any in training. Where MMPose takes the category's id for the label, it is the class by its name here.

import path from 'node:path';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { poseMetainfoOption, type Skeleton, skeletonOf } from '../../geometry/skeleton';
import { withKeypoints } from './coco/keypoints';
import { cocoLoader, cocoOptions, subsetOf } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { filterRecords } from './filter-records';

const options = cocoOptions.extend({
  data_mode: z
    .literal('bottomup')
    .default('bottomup')
    .describe('Only "bottomup": whole images with all of their objects, not one image for each object'),
  bbox_file: z.null().optional().describe('Only null: boxes are predicted, not read from a file'),
  sample_interval: z.literal(1).default(1).describe('Only 1: every image is used; indices selects some'),
  proposal_file: z.null().optional().describe('Only null'),
  filter_cfg: cocoOptions.shape.filter_cfg.describe(
    'Of the training set; images without keypoints are dropped in any case',
  ),
  seg_map_suffix: ignoredOption('semantic maps of such data sets are not read', { schema: z.string().default('.png') }),
});
type Options = z.output<typeof options>;

/** What the keypoints are: `from_file`, or what such a file has; what the annotation file says by default. */
function skeletonOption({ metainfo }: Options, at: string): Skeleton | undefined {
  const given = metainfo?.keypoint_info ? metainfo : metainfo?.from_file;
  if (given === undefined) return undefined;
  const where = `${at}.metainfo`;
  const { data, error } = poseMetainfoOption.unwrap().safeParse(given);
  if (data !== undefined) return skeletonOf(data, where);
  throw new DetLabError(`Cannot use ${where}: ${error.issues.map(({ message }) => message).join('; ')}`);
}

export const PoseCocoDataset = defineModule({
  kind: 'dataset',
  type: 'PoseCocoDataset',
  summary: "Images with persons, their boxes and keypoints, in COCO's JSON format",
  paper: 'Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014',
  shapes: 'a JSON file and a folder of images -> images with boxes [k, 4], labels [k] and keypoints [k, 17, 3]',
  example:
    "{ type: 'PoseCocoDataset', data_root: 'data/coco/', ann_file: 'annotations/person_keypoints_val2017.json', data_prefix: { img: 'val2017/' } }",
  options,
  build: (given, context): DatasetLoader => {
    const { indices, ...whole } = given;
    const loader = cocoLoader({ ...whole, indices: null }, context);
    const skeleton = skeletonOption(given, context.path);
    return {
      ...loader,
      load: async (selected) => {
        const file = path.resolve(given.data_root ?? '', given.ann_file);
        const dataset = await withKeypoints(await loader.load(selected), file, skeleton);
        const problems = [...dataset.problems];
        const records = filterRecords(dataset.records, { filterEmpty: !given.test_mode }, problems);
        return subsetOf({ ...dataset, records, problems }, indices);
      },
    };
  },
});

export const POSE_DATASETS = [PoseCocoDataset] as const satisfies readonly AnyDefinition[];
