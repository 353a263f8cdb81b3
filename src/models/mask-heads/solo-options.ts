// Options of SOLO's heads, with the defaults of the reference.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { moduleOption } from '../../catalogue/registry';
import { convCfg, type InitCfg, initCfg } from '../../nn';
import { groupNormOption, headOptions, lossClsOption } from '../dense-heads/head-options';
import { gridTestCfg } from './grid-detections';

const count = z.number().int().positive();

export const lossMaskOption = moduleOption('loss')
  .default({ type: 'DiceLoss', use_sigmoid: true, loss_weight: 3 })
  .describe('Mask loss');

export const gridOptions = {
  ...headOptions,
  stacked_convs: count.default(4).describe('Number of 3x3 convolutions in each tower'),
  strides: z
    .array(z.number().positive())
    .default([4, 8, 16, 32, 64])
    .describe('By level: masks of fewer pixels are dropped'),
  scale_ranges: z
    .array(z.tuple([z.number(), z.number()]))
    .default([
      [8, 32],
      [16, 64],
      [32, 128],
      [64, 256],
      [128, 512],
    ])
    .describe('By level: lowest and highest root of the area of the boxes that it learns, in pixels'),
  pos_scale: z.number().positive().default(0.2).describe('Share of a box around its centroid whose cells are positive'),
  num_grids: z.array(count).default([40, 36, 24, 16, 12]).describe('Cells of a side of the grid, by level'),
  cls_down_index: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('The convolution of the class tower before which its map is resized to the grid'),
  loss_mask: lossMaskOption,
  loss_cls: lossClsOption({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 }),
  norm_cfg: groupNormOption,
  train_cfg: ignoredOption('the assignment is fixed', {
    schema: z.record(z.string(), z.unknown()).nullish(),
    harmless: [{}],
  }),
  test_cfg: gridTestCfg.nullish().describe('Post-processing (thresholds, matrix NMS), passed down by the detector'),
};

/** N(0, 0.01), and a prior of 0.01 for what is named. */
export const gridInit = (...rare: string[]) =>
  initCfg
    .nullable()
    .default([
      { type: 'Normal', layer: 'Conv2d', std: 0.01 },
      ...rare.map((name): InitCfg => ({ type: 'Normal', std: 0.01, bias_prob: 0.01, override: { name } })),
    ])
    .describe('Weight initialisation');

export const dcnOption = convCfg.nullish().describe('Kind of the deformable convolutions; null: plain ones');

const shape = z.strictObject(gridOptions);
export type GridMaskHeadConfig = Omit<z.output<typeof shape>, 'num_classes' | 'in_channels'> & {
  num_classes: number;
  in_channels: number;
  init_cfg: InitCfg | InitCfg[] | null;
};
