// The options of MaskFormer's heads and detectors, and what is inferred of them.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import { initCfg } from '../../nn';
import {
  inferPanopticClasses,
  type PanopticClasses,
  panopticClassesOptions,
  panopticInferred,
} from '../inferred-options/infer-panoptic-classes';
import { sineOptions } from '../layers/positional-encodings/sine-positional-encoding';
import { decoderOptions } from '../layers/transformer/transformer-options';

const size = z.int().positive();

export const maskTrainCfg = {
  assigner: moduleOption('assigner').describe('Matches queries with masks'),
  sampler: moduleOption('sampler').default({ type: 'MaskPseudoSampler' }).describe('Selects the positives'),
};
export const pointTrainCfg = {
  num_points: size.default(12544).describe('Points at which masks are compared'),
  oversample_ratio: z.number().min(1).default(3).describe('Candidates of uncertain points, as a multiple'),
  importance_sample_ratio: z.number().min(0).max(1).default(0.75).describe('Share of the points that are uncertain'),
};

/** @param weight of the losses of classes */
export const maskQueryOptions = (weight: number) => ({
  in_channels: z.array(size).optional().describe('Channels of the feature levels'),
  strides: ignoredOption('strides are those of the feature levels', {
    schema: z.array(size).optional(),
    harmless: [[4, 8, 16, 32]],
  }),
  feat_channels: size.describe('Channels of a query'),
  out_channels: size.describe('Channels of a pixel, that queries are compared with'),
  ...panopticClassesOptions,
  num_queries: size.default(100).describe('Number of queries: the most segments an image can have'),
  pixel_decoder: moduleOption('pixel_decoder').describe('Features of every pixel, and what queries attend to'),
  enforce_decoder_input_project: z
    .boolean()
    .default(false)
    .describe('A projection of what queries attend to, also where its channels are those of the decoder'),
  transformer_decoder: decoderOptions.describe('Attention of the queries'),
  positional_encoding: sineOptions
    .default(sineOptions.parse({ num_feats: 128, normalize: true }))
    .describe('Sine encoding of the positions of what queries attend to'),
  loss_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: weight, class_weight: 1, bg_cls_weight: 0.1 })
    .describe('Classification loss; class_weight: one number for all classes and bg_cls_weight for none, or a list'),
  test_cfg: ignoredOption('that of panoptic_fusion_head is read', {
    schema: z.record(z.string(), z.unknown()).nullish(),
    harmless: anyValue,
  }),
  init_cfg: initCfg.nullish().describe('Weight initialisation'),
});

export const maskLossOption = (loss: { type: string }) =>
  moduleOption('loss').default(loss).describe('Loss of the pixels of masks');
export const diceLossOption = (loss: { type: string }) =>
  moduleOption('loss').default(loss).describe('Dice loss of masks');

interface TrainCfg {
  assigner: { type: string };
  sampler: { type: string };
}

/** With what is inferred. */
export type MaskQueryConfig = z.output<z.ZodObject<ReturnType<typeof maskQueryOptions>>> &
  PanopticClasses & {
    in_channels: number[];
    loss_mask: { type: string };
    loss_dice: { type: string };
    train_cfg?: TrainCfg | null;
  };

export const maskQueryInferred = { ...panopticInferred, in_channels: "the features' channels" };

export function inferMaskQuery<O extends z.output<z.ZodObject<ReturnType<typeof maskQueryOptions>>>>(
  type: string,
  given: O,
  context: BuildContext,
): O {
  const in_channels = given.in_channels ?? context.inputs?.map(({ channels }) => channels);
  return { ...inferPanopticClasses(type, given, context), in_channels };
}
