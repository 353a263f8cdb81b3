// The options that all heads on anchors share, and those of their training.

import { z } from 'zod';
import { moduleOption } from '../../catalogue/registry';
import { initCfg } from '../../nn';

/** `train_cfg` of an anchor head (`train_cfg.rpn` of a two-stage detector). */
export const anchorTrainCfg = z.strictObject({
  assigner: moduleOption('assigner').describe('Which anchor learns which truth'),
  sampler: moduleOption('sampler')
    .default({ type: 'PseudoSampler' })
    .describe('Which anchors take part; PseudoSampler takes all'),
  allowed_border: z
    .number()
    .default(-1)
    .describe('Anchors that reach further out of the image, in pixels, take no part; -1 lets all take part'),
  pos_weight: z
    .number()
    .default(-1)
    .describe('Weight of positive anchors in the classification loss; 1 unless above 0'),
  debug: z.boolean().default(false).describe("Accepted for MMDetection's sake, without effect"),
});
export type AnchorTrainCfg = z.output<typeof anchorTrainCfg>;

export const anchorHeadOptions = {
  num_classes: z.number().int().positive().optional().describe('Foreground classes'),
  in_channels: z.number().int().positive().optional().describe('Channels of every feature level'),
  feat_channels: z.number().int().positive().default(256).describe('Channels between the layers of the head'),
  anchor_generator: moduleOption('anchor_generator')
    .default({ type: 'AnchorGenerator', scales: [8, 16, 32], ratios: [0.5, 1, 2] })
    .describe('The anchors'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DeltaXYWHBBoxCoder' })
    .describe('How a box is told from its anchor'),
  reg_decoded_bbox: z.boolean().default(false).describe('The box loss compares boxes in pixels, not coded shifts'),
  loss_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 })
    .describe('Classification loss'),
  loss_bbox: moduleOption('loss')
    .default({ type: 'SmoothL1Loss', beta: 1 / 9, loss_weight: 1 })
    .describe('Box loss'),
  train_cfg: anchorTrainCfg.nullish().describe('How it learns; set by the detector'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Normal', layer: 'Conv2d', std: 0.01 })
    .describe('Where the weights start from'),
};
