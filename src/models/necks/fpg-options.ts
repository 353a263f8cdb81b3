// The options of feature pyramid grids (FPG).

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { initCfg } from '../../nn/init-cfg';
import { normCfg } from '../../nn/layer-options';
import { lastConvCfg, type TransitionCfg, transitionCfg } from './fpg-transition';
import { fpnOptions } from './fpn-options';

const transition = (meaning: string, standard: TransitionCfg | null) =>
  transitionCfg.nullable().default(standard).describe(`${meaning}; null: none`);
const conv = (kernel_size: number, stride = 1, padding = 0): TransitionCfg => ({
  ...{ type: 'conv', kernel_size, stride, padding },
});
const NORMS = ['_BatchNorm', '_InstanceNorm', 'GroupNorm', 'LayerNorm'];

export const fpgOptions = fpnOptions
  .pick({ in_channels: true, out_channels: true, num_outs: true, start_level: true, end_level: true })
  .extend({
    stack_times: z.int().positive().describe('Number of stages'),
    paths: z
      .array(z.enum(['bu', 'td']))
      .min(1)
      .describe("Direction of each stage: 'bu' up, 'td' down the levels"),
    inter_channels: z
      .union([z.int().positive(), z.array(z.int().positive())])
      .nullable()
      .default(null)
      .describe('Channels inside the grid, one number or one per level; null: out_channels'),
    same_down_trans: transition('From the coarser level of the same stage', null),
    same_up_trans: transition('From the finer level of the same stage', conv(3, 2, 1)),
    across_lateral_trans: transition('From the same level of the stage before', conv(1)),
    across_down_trans: transition('From the coarser level of the stage before', conv(3)),
    across_up_trans: transition('From the finer level of the stage before', null),
    across_skip_trans: transition('From the same level of the very first stage', { type: 'identity' }),
    output_trans: lastConvCfg.default({ type: 'last_conv', kernel_size: 3 }).describe('Last layer of each level'),
    add_extra_convs: z.boolean().default(false).describe('Extra levels by strided convolutions; false: by subsampling'),
    norm_cfg: ignoredOption('as in MMDetection, transitions have norms of their own', {
      schema: normCfg.nullable().default(null),
    }),
    skip_inds: z
      .array(z.array(z.int().min(0)))
      .nullable()
      .default(null)
      .describe('For each level the stages that leave it as it is; null: none'),
    init_cfg: initCfg
      .nullable()
      .default([
        { type: 'Caffe2Xavier', layer: 'Conv2d' },
        { type: 'Constant', layer: NORMS, val: 1 },
      ])
      .describe('Weight initialisation'),
  });
export type FPGOptions = z.output<typeof fpgOptions>;
