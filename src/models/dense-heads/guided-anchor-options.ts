// Options of the heads with guided anchors.

import { z } from 'zod';
import { moduleOption } from '../../catalogue/registry';
import { anchorHeadOptions, anchorTrainCfg, guidedTrainCfgOptions } from './anchor-head-options';
import { anchorCoderOption, anchorsOption, lossBboxOption, trainCfgText } from './head-options';

const trainCfg = z.strictObject({ ...anchorTrainCfg.shape, ...guidedTrainCfgOptions });

const { anchor_generator: _, ...anchorOptions } = anchorHeadOptions;
const coder = { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [1, 1, 1, 1] };

export const guidedAnchorOptions = {
  ...anchorOptions,
  approx_anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    octave_base_scale: 8,
    scales_per_octave: 3,
    ratios: [0.5, 1, 2],
    strides: [4, 8, 16, 32, 64],
  }).describe('Generates what an anchor may become, for its assignment'),
  square_anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    ratios: [1],
    scales: [8],
    strides: [4, 8, 16, 32, 64],
  }).describe('Generates the square of each cell whose width and height are predicted'),
  anchor_coder: anchorCoderOption(coder).describe('Encodes the size of an anchor relative to its square'),
  bbox_coder: anchorCoderOption(coder),
  deform_groups: z.int().positive().default(4).describe('Groups of channels with offsets of their own'),
  loc_filter_thr: z.number().default(0.01).describe('Cells of lower location probability have no anchor in prediction'),
  loss_loc: moduleOption('loss')
    .default({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 })
    .describe('Loss of the location of anchors'),
  loss_shape: moduleOption('loss')
    .default({ type: 'BoundedIoULoss', beta: 0.2, loss_weight: 1 })
    .describe('Loss of the size of anchors'),
  loss_bbox: lossBboxOption({ type: 'SmoothL1Loss', beta: 1, loss_weight: 1 }),
  train_cfg: trainCfg.nullish().describe(trainCfgText),
};
const shape = z.strictObject(guidedAnchorOptions);
export type GuidedAnchorConfig = Omit<z.output<typeof shape>, 'init_cfg'> & {
  in_channels: number;
  num_classes: number;
};

/** Convolutions from N(0, 0.01); the layers `names` start at a probability of 0.01. */
export const guidedInit = (...names: string[]) => ({
  type: 'Normal' as const,
  layer: 'Conv2d',
  std: 0.01,
  override: names.map((name) => ({ type: 'Normal' as const, name, std: 0.01, bias_prob: 0.01 })),
});
