// Options of the heads whose priors are assigned and sampled as `train_cfg` says.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { moduleOption } from '../../catalogue/registry';
import {
  anchorCoderOption,
  anchorsOption,
  decodedBoxOption,
  headOptions,
  initOptionOf,
  lossBboxOption,
  lossClsOption,
  normalInit,
  sigmoidEntropy,
  trainCfgText,
} from './head-options';

/** `train_cfg` of an anchor head (`train_cfg.rpn` of a two-stage detector). */
export const anchorTrainCfg = z.strictObject({
  assigner: moduleOption('assigner').describe('Assigns ground-truth boxes to anchors'),
  sampler: moduleOption('sampler')
    .default({ type: 'PseudoSampler' })
    .describe('Samples the anchors that enter the losses; PseudoSampler: all'),
  allowed_border: z
    .number()
    .default(-1)
    .describe('Maximum distance in pixels that anchors may extend beyond the image; -1: unlimited'),
  pos_weight: z
    .number()
    .default(-1)
    .describe('Weight of positive anchors in the classification loss; 1 if not positive'),
  debug: ignoredOption('nothing reads it in MMDetection either', {
    schema: z.boolean().default(false),
    harmless: anyValue,
  }),
});
/** Of a head that sizes its anchors, too (guided anchoring). */
export const guidedTrainCfgOptions = {
  ga_assigner: moduleOption('assigner').describe('Assigns ground-truth boxes to the anchors whose size is predicted'),
  ga_sampler: moduleOption('sampler')
    .default({ type: 'PseudoSampler' })
    .describe('Samples the anchors that the shape loss sees'),
  center_ratio: z.number().describe('Share of the sides of a box in whose middle cells learn to be a location'),
  ignore_ratio: z.number().describe('Share of the sides of a box up to which cells learn no location'),
};
const { assigner, sampler, allowed_border, pos_weight, debug } = anchorTrainCfg.shape;
/** `train_cfg.rpn` of a detector: which of it a first stage has, and what more, its own options say. */
const anyStageTrainCfg = z.looseObject({
  assigner: assigner.optional(),
  sampler: sampler.unwrap().optional(),
  allowed_border: allowed_border.unwrap().optional(),
  pos_weight: pos_weight.unwrap().optional(),
  debug: debug.unwrap().optional(),
  ga_assigner: guidedTrainCfgOptions.ga_assigner.optional(),
  ga_sampler: moduleOption('sampler').optional().describe('Samples the anchors that the shape loss sees'),
  center_ratio: guidedTrainCfgOptions.center_ratio.optional(),
  ignore_ratio: guidedTrainCfgOptions.ignore_ratio.optional(),
});
export const firstStageTrainCfg = z
  .union([anyStageTrainCfg, z.array(anchorTrainCfg)])
  .nullish()
  .describe('Assignment and sampling of anchors; a list: one for each stage of CascadeRPNHead');
export type AnchorTrainCfg = z.output<typeof anchorTrainCfg>;

export const anchorHeadOptions = {
  ...headOptions,
  anchor_generator: anchorsOption({ type: 'AnchorGenerator', scales: [8, 16, 32], ratios: [0.5, 1, 2] }),
  bbox_coder: anchorCoderOption({ type: 'DeltaXYWHBBoxCoder' }),
  reg_decoded_bbox: decodedBoxOption(false),
  loss_cls: lossClsOption(sigmoidEntropy),
  loss_bbox: lossBboxOption({ type: 'SmoothL1Loss', beta: 1 / 9, loss_weight: 1 }),
  train_cfg: anchorTrainCfg.nullish().describe(trainCfgText),
  init_cfg: initOptionOf(normalInit),
};
