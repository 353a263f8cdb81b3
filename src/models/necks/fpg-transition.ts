// The transitions of a feature pyramid grid (FPG): what a map passes on its way to another level or stage.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { ConvModule } from '../../nn/conv-module';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { INTERPOLATION_MODES, interpolate } from '../../ops/interpolate';

const step = z.enum(['conv', 'norm', 'act']);
const layer = {
  kernel_size: z.int().positive().default(3).describe('Kernel size'),
  dilation: z.int().positive().optional().describe('Steps between the taps'),
  groups: z.int().positive().optional().describe('Parts the channels are split into'),
  bias: z
    .union([z.boolean(), z.literal('auto')])
    .optional()
    .describe('Whether there is a bias; auto: without a norm'),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg.nullish().describe('Norm; null: none'),
  act_cfg: actCfg.nullable().optional().describe('Activation, ReLU by default; null: none'),
  order: z.tuple([step, step, step]).optional().describe('Order of convolution, norm and activation'),
  inplace: ignoredOption('tensors are immutable', { schema: z.boolean().optional(), harmless: anyValue }),
};

const conv = z.strictObject({
  type: z.literal('conv').describe('Convolution'),
  ...layer,
  stride: z.int().positive().default(1).describe('Stride'),
  padding: z.int().min(0).default(0).describe('Zeros around the map'),
});
const interpolationConv = z.strictObject({
  type: z.literal('interpolation_conv').describe('Enlargement, then a convolution that keeps the size'),
  scale_factor: z.number().positive().default(2).describe('Factor of the enlargement'),
  mode: z.enum(INTERPOLATION_MODES).default('nearest').describe('Interpolation'),
  align_corners: z.boolean().nullish().describe('bilinear, bicubic: align the corner pixels of input and output'),
  ...layer,
  stride: z.int().positive().default(1).describe('Stride'),
});
const identity = z.strictObject({ type: z.literal('identity').describe('The map as it is') });

export const transitionCfg = z.discriminatedUnion('type', [conv, interpolationConv, identity]);
export type TransitionCfg = z.output<typeof transitionCfg>;
export const lastConvCfg = z.strictObject({
  type: z.literal('last_conv').describe('Convolution of the last stage that keeps the size'),
  ...layer,
});
export type LastConvCfg = z.output<typeof lastConvCfg>;

/** A transition on one map. */
export interface Transition extends Module {
  forward(x: tf.Tensor4D): tf.Tensor4D;
}

class Identity extends Module implements Transition {
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return x;
  }
}

class InterpolationConv extends Module implements Transition {
  private readonly conv: ConvModule;

  constructor(
    inChannels: number,
    outChannels: number,
    private readonly config: Extract<TransitionCfg, { type: 'interpolation_conv' }>,
  ) {
    super();
    this.conv = this.addChild('conv', keeping(inChannels, outChannels, config, config.stride));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    const { scale_factor: scaleFactor, mode, align_corners: alignCorners } = this.config;
    const large = interpolate(x, { scaleFactor, mode, alignCorners });
    const y = this.conv.forward(large);
    large.dispose();
    return y;
  }
}

/** The convolution a level ends with. */
export class LastConv extends Module implements Transition {
  private readonly conv: ConvModule;

  constructor(inChannels: number, outChannels: number, config: LastConvCfg) {
    super();
    this.conv = this.addChild('conv_out', keeping(inChannels, outChannels, config, 1));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.conv.forward(x);
  }
}

function settings({ kernel_size, conv_cfg, norm_cfg, act_cfg, dilation, groups, bias, order }: LastConvCfg) {
  return {
    ...{ kernelSize: kernel_size, convCfg: conv_cfg, normCfg: norm_cfg ?? null, dilation, groups, bias, order },
    ...(act_cfg === undefined ? {} : { actCfg: act_cfg }),
  };
}

function keeping(
  inChannels: number,
  outChannels: number,
  config: Omit<LastConvCfg, 'type'>,
  stride: number,
): ConvModule {
  const padding = Math.floor((config.kernel_size - 1) / 2);
  return new ConvModule({ ...settings(config as LastConvCfg), inChannels, outChannels, padding, stride });
}

export function buildTransition(config: TransitionCfg, inChannels: number, outChannels: number): Transition {
  if (config.type === 'identity') return new Identity();
  if (config.type === 'interpolation_conv') return new InterpolationConv(inChannels, outChannels, config);
  const { stride, padding, type: _, ...rest } = config;
  return new ConvModule({ ...settings({ type: 'last_conv', ...rest }), inChannels, outChannels, stride, padding });
}

/** Size of the map after a transition. */
export function sizeAfter(config: TransitionCfg, side: number): number {
  if (config.type === 'identity') return side;
  const { kernel_size: k, dilation = 1, stride } = config;
  const padding = config.type === 'conv' ? config.padding : Math.floor((k - 1) / 2);
  const before = config.type === 'conv' ? side : Math.floor(side * config.scale_factor);
  return Math.floor((before + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
}
