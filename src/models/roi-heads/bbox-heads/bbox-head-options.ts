// The options of the heads that classify RoIs and refine their boxes, and what can be inferred of them.

import { z } from 'zod';
import { type BuildContext, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { initCfg } from '../../../nn';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import { inferNumClasses } from '../../inferred-options/infer-num-classes';

const size = z.number().int().positive();
const predictor = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('Linear').describe('Linear layer') }),
    z.strictObject({
      type: z.literal('NormedLinear').describe('Linear layer of normalised features and weights (cosine similarity)'),
      tempearture: z.number().default(20).describe("Factor on the similarity (the name is MMDetection's)"),
      power: z.number().default(1).describe('Exponent of the norms'),
      eps: z.number().nonnegative().default(1e-6).describe('Added to the norms'),
      bias: z.boolean().default(true).describe('Whether it has a bias'),
    }),
  ])
  .default({ type: 'Linear' });
export type PredictorConfig = z.output<typeof predictor>;

export const bboxHeadOptions = {
  with_avg_pool: z.boolean().default(false).describe('Average-pool an RoI before the first fully connected layer'),
  with_cls: z.boolean().default(true).describe('Predict class scores'),
  with_reg: z.boolean().default(true).describe('Predict box deltas'),
  roi_feat_size: z
    .union([size, z.tuple([size, size])])
    .optional()
    .describe('Size of a pooled RoI, or [height, width]'),
  in_channels: size.optional().describe('Channels of a pooled RoI'),
  num_classes: size.optional().describe('Foreground classes'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] })
    .describe('Encodes a box relative to its proposal'),
  predict_box_type: z.literal('hbox').default('hbox').describe('Axis-aligned boxes'),
  reg_class_agnostic: z.boolean().default(false).describe('Predict one box for all classes in place of one per class'),
  reg_decoded_bbox: z
    .boolean()
    .default(false)
    .describe('Compute the box loss on decoded boxes (IoU losses), not on deltas'),
  reg_predictor_cfg: predictor.describe('Layer that predicts the deltas'),
  cls_predictor_cfg: predictor.describe('Layer that predicts the scores'),
  loss_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 1 })
    .describe('Classification loss'),
  loss_bbox: moduleOption('loss').default({ type: 'SmoothL1Loss', beta: 1, loss_weight: 1 }).describe('Box loss'),
  init_cfg: initCfg
    .nullish()
    .describe('Weight initialisation; by default normal for the predictors, Xavier for the layers before them'),
};

export type BBoxHeadOptions = z.output<z.ZodObject<typeof bboxHeadOptions>>;
export type BBoxHeadConfig = Omit<BBoxHeadOptions, 'roi_feat_size'> & {
  roi_feat_size: [number, number];
  in_channels: number;
  num_classes: number;
};

export const bboxHeadInferred = {
  in_channels: "the RoI extractor's channels",
  roi_feat_size: "the RoI extractor's output size",
  num_classes: 'the classes of the dataset',
};

/** Fills channels, size and classes; refuses what contradicts the extractor or the dataset. */
export function inferBBoxHead<O extends BBoxHeadOptions>(type: string, given: O, context: BuildContext): O {
  const { inputs, path } = context;
  const in_channels = inferHeadChannels(type, given.in_channels, context);
  const pooled = inputs?.[0].size;
  const { roi_feat_size: stated } = given;
  const size: [number, number] | undefined = typeof stated === 'number' ? [stated, stated] : stated;
  if (size && pooled && size.join() !== pooled.join())
    throw new DetLabError(
      `Cannot attach ${type} at ${path}: its roi_feat_size is ${size.join(' x ')}, but RoIs are pooled to ` +
        `${pooled.join(' x ')}. Leave roi_feat_size out to take theirs`,
    );
  const num_classes = inferNumClasses(type, given.num_classes, context);
  return { ...given, in_channels, num_classes, roi_feat_size: size ?? pooled ?? [7, 7] };
}
