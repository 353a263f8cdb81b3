// Options shared by FPN and its variants, the number of levels they imply, and the checks against the backbone.

import { z } from 'zod';
import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { INTERPOLATION_MODES } from '../../ops/interpolate';
import type { FeatureSpec } from '../types';
import { inferInChannels } from './infer-in-channels';

export const fpnOptions = z.strictObject({
  in_channels: z.array(z.int().positive()).min(1).optional().describe('Channels of each backbone level'),
  out_channels: z.int().positive().describe('Channels of every output level'),
  num_outs: z.int().positive().describe('Number of output levels'),
  start_level: z.int().min(0).default(0).describe('Index of the first backbone level used'),
  end_level: z.int().min(-1).default(-1).describe('Index of the last backbone level used; -1: the last one'),
  add_extra_convs: z
    .union([z.boolean(), z.enum(['on_input', 'on_lateral', 'on_output'])], {
      error: 'expected true, false, "on_input", "on_lateral" or "on_output"',
    })
    .default(false)
    .describe('Extra levels by strided convolution, and from what; true: on_input; false: by subsampling'),
  relu_before_extra_convs: z.boolean().default(false).describe('ReLU before the second and later extra levels'),
  no_norm_on_lateral: z.boolean().default(false).describe('No norm after the lateral convolutions'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg.nullable().default(null).describe('Norm after every convolution; null: none'),
  act_cfg: actCfg.nullable().default(null).describe('Activation after every convolution; null: none'),
  upsample_cfg: z
    .strictObject({
      mode: z.enum(INTERPOLATION_MODES).default('nearest').describe('Interpolation'),
      scale_factor: z
        .union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])])
        .optional()
        .describe('Factor; without it the size of the level below'),
      align_corners: z.boolean().nullish().describe('bilinear, bicubic: align the corner pixels of input and output'),
      recompute_scale_factor: z.boolean().nullish().describe('The step follows from the rounded size'),
      antialias: z.boolean().optional().describe('bilinear, bicubic: the filter grows where a map shrinks'),
    })
    .default({ mode: 'nearest' })
    .describe('How a level is upsampled to the size of the next finer one'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Xavier', layer: 'Conv2d', distribution: 'uniform' })
    .describe('Weight initialisation'),
});
export type FPNOptions = z.output<typeof fpnOptions>;

export interface Pyramid {
  /** Index after the last backbone level that enters. */
  end: number;
  /** Number of backbone levels that enter. */
  used: number;
  /** Source of the first extra level when extra levels are convolutions. */
  extraMode?: 'on_input' | 'on_lateral' | 'on_output';
}

export function pyramid(o: Pick<FPNOptions, 'in_channels' | 'start_level' | 'end_level' | 'add_extra_convs'>): Pyramid {
  const levels = o.in_channels!.length;
  const end = o.end_level === -1 ? levels : o.end_level + 1;
  const extraMode = o.add_extra_convs === true ? 'on_input' : o.add_extra_convs || undefined;
  return { end, used: end - o.start_level, extraMode };
}

type Shared = Pick<FPNOptions, 'in_channels' | 'num_outs' | 'start_level' | 'end_level'> & { upsample_cfg?: object };

/** What comes out: the strides of the levels that enter, then each twice the one before. */
export function pyramidOutputs(
  o: { in_channels: number[]; num_outs: number; start_level: number; end_level: number; out_channels: number },
  inputs?: FeatureSpec[],
): FeatureSpec[] {
  const { end, used } = pyramid({ ...o, add_extra_convs: false });
  const strides = inputs?.map((level) => level.stride) ?? o.in_channels.map((_, i) => 4 * 2 ** i);
  return Array.from({ length: o.num_outs }, (_, i) => ({
    channels: o.out_channels,
    stride: i < used ? strides[o.start_level + i] : strides[end - 1] * 2 ** (i - used + 1),
  }));
}

/** Fills `in_channels` and refuses numbers of levels that cannot be. */
export function inferFPN<O extends Shared>(
  type: string,
  options: O,
  context: BuildContext,
): O & { in_channels: number[] } {
  const o = inferInChannels(type, options, context);
  const levels = o.in_channels.length;
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build neck "${type}"${context.path ? ` at ${context.path}` : ''}: ${what}`);
  };
  if (o.end_level >= levels) fail(`end_level is ${o.end_level}, but there are ${levels} levels (0 to ${levels - 1})`);
  const { end, used } = pyramid({ ...o, add_extra_convs: false });
  if (used < 1) fail(`start_level is ${o.start_level}, but the last level that enters is ${end - 1}`);
  if (end < levels && o.num_outs !== used)
    fail(
      `expected num_outs ${used} for the levels ${o.start_level} to ${o.end_level}, received ${o.num_outs}. ` +
        'Extra levels need end_level -1',
    );
  if (o.num_outs < used) fail(`expected num_outs of at least ${used} for ${used} input levels, received ${o.num_outs}`);
  const { mode, align_corners, antialias } = (o.upsample_cfg ?? {}) as Partial<FPNOptions['upsample_cfg']>;
  const smooth = mode === 'bilinear' || mode === 'bicubic';
  if (align_corners != null && !smooth)
    fail(`upsample_cfg.align_corners has no meaning for mode "${mode}". Leave it out`);
  if (antialias && !smooth) fail(`upsample_cfg.antialias has no meaning for mode "${mode}". Leave it out`);
  return o;
}
