// ChannelMapper: one convolution per level maps all levels to the same channels, and strided convolutions make extra levels: the
// neck of the DETR family.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';

const options = z.strictObject({
  in_channels: z.array(z.int().positive()).min(1).optional().describe('Channels of each backbone level'),
  out_channels: z.int().positive().describe('Channels of every output level'),
  kernel_size: z.int().positive().default(3).describe('Kernel size of the lateral convolutions'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg.nullable().default(null).describe('Norm after every convolution; null: none'),
  act_cfg: actCfg.nullable().default({ type: 'ReLU' }).describe('Activation after every convolution; null: none'),
  bias: z
    .union([z.boolean(), z.literal('auto')])
    .default('auto')
    .describe('Whether the convolutions have a bias; auto: without a norm'),
  num_outs: z.int().positive().nullish().describe('Number of output levels; the number of input levels by default'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Xavier', layer: 'Conv2d', distribution: 'uniform' })
    .describe('Weight initialisation'),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new ChannelMapper({ ...channelMapper.options.parse({ out_channels: 256, num_outs: 4 }), in_channels: [512, 1024, 2048] })
 */
export class ChannelMapper extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly convs: ModuleList<ConvModule>;
  private readonly extraConvs?: ModuleList<ConvModule>;

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { in_channels, out_channels: outChannels, kernel_size: kernelSize } = options;
    const layers = {
      outChannels,
      convCfg: options.conv_cfg,
      normCfg: options.norm_cfg,
      actCfg: options.act_cfg,
      bias: options.bias,
    };
    const padding = Math.floor((kernelSize - 1) / 2);
    this.convs = this.addChild(
      'convs',
      new ModuleList(in_channels.map((inChannels) => new ConvModule({ ...layers, inChannels, kernelSize, padding }))),
    );
    const levels = in_channels.length;
    const numOuts = options.num_outs ?? levels;
    if (numOuts > levels)
      this.extraConvs = this.addChild(
        'extra_convs',
        new ModuleList(
          Array.from({ length: numOuts - levels }, (_, i) => {
            const inChannels = i === 0 ? in_channels[levels - 1] : outChannels;
            return new ConvModule({ ...layers, inChannels, kernelSize: 3, stride: 2, padding: 1 });
          }),
        ),
      );
    const strides = inputs?.map((level) => level.stride) ?? in_channels.map((_, i) => 4 * 2 ** i);
    this.outputs = Array.from({ length: numOuts }, (_, i) => ({
      channels: outChannels,
      stride: i < levels ? strides[i] : strides[levels - 1] * 2 ** (i - levels + 1),
    }));
    applyInitCfg(this, options.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const outs = inputs.map((x, i) => this.convs.at(i).forward(x));
      let last = inputs[inputs.length - 1];
      for (const conv of this.extraConvs ?? []) outs.push((last = conv.forward(last)));
      return outs;
    });
  }
}

export const channelMapper = defineModule({
  kind: 'neck',
  type: 'ChannelMapper',
  summary: 'Maps every level to the same number of channels, one convolution per level.',
  paper: 'Zhu, Su, Lu, Li, Wang and Dai: Deformable DETR, ICLR 2021',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'ChannelMapper', out_channels: 256, kernel_size: 1, act_cfg: null, num_outs: 4 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer(given, context) {
    const o = inferInChannels('ChannelMapper', given, context);
    if (o.num_outs != null && o.num_outs < o.in_channels.length)
      throw new DetLabError(
        `Cannot build neck "ChannelMapper"${context.path ? ` at ${context.path}` : ''}: expected num_outs of at least ` +
          `${o.in_channels.length} for the levels that enter, received ${o.num_outs}. Give the backbone fewer out_indices`,
      );
    return o;
  },
  build: (o, { inputs }) => new ChannelMapper({ ...o, in_channels: o.in_channels! }, inputs),
});
