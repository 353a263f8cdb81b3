// The levels SSD (Liu et al., ECCV 2016) adds after its backbone: pairs of a 1x1 and a (strided) 3x3 convolution; the first
// level is L2-normalised.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { DepthwiseSeparableConvModule } from '../../nn/depthwise-separable-conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList, Sequential } from '../../nn/module-list';
import { L2Norm } from '../layers/l2-norm';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';

const options = z.strictObject({
  in_channels: z.array(z.int().positive()).min(1).optional().describe('Channels of each backbone level'),
  out_channels: z
    .array(z.int().positive())
    .min(1)
    .describe('Channels of every output level, those of the backbone first'),
  level_strides: z.array(z.int().positive()).describe('Stride of each added level'),
  level_paddings: z.array(z.int().min(0)).describe('Padding of each added level'),
  l2_norm_scale: z
    .number()
    .min(0)
    .nullable()
    .default(20)
    .describe('Initial scale of the L2 norm of the first level; 0 or null: none'),
  last_kernel_size: z.int().positive().default(3).describe('Kernel size of the last convolution'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg.nullable().default(null).describe('Norm after every convolution; null: none'),
  act_cfg: actCfg.nullable().default({ type: 'ReLU' }).describe('Activation after every convolution; null: none'),
  init_cfg: initCfg
    .nullable()
    .default([
      { type: 'Xavier', distribution: 'uniform', layer: 'Conv2d' },
      { type: 'Constant', val: 1, layer: 'BatchNorm2d' },
    ])
    .describe('Weight initialisation'),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new SSDNeck({ ...ssdNeck.options.parse({ out_channels: [512, 1024, 512], level_strides: [2], level_paddings: [1] }), in_channels: [512, 1024] })
 */
export class SSDNeck extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly l2Norm?: L2Norm;
  private readonly extraLayers: ModuleList<Sequential<ConvModule | DepthwiseSeparableConvModule>>;

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { in_channels, out_channels, level_strides, level_paddings, l2_norm_scale } = options;
    const layers = { convCfg: options.conv_cfg, normCfg: options.norm_cfg, actCfg: options.act_cfg };
    if (l2_norm_scale) this.l2Norm = this.addChild('l2_norm', new L2Norm(in_channels[0], l2_norm_scale));
    const Second = options.use_depthwise ? DepthwiseSeparableConvModule : ConvModule;
    const levels = in_channels.length;
    const added = level_strides.length;
    this.extraLayers = this.addChild(
      'extra_layers',
      new ModuleList(
        level_strides.map((stride, i) => {
          const outChannels = out_channels[levels + i];
          const mid = Math.floor(outChannels / 2);
          const kernelSize = i === added - 1 ? options.last_kernel_size : 3;
          return new Sequential<ConvModule | DepthwiseSeparableConvModule>([
            new ConvModule({ inChannels: out_channels[levels - 1 + i], outChannels: mid, kernelSize: 1, ...layers }),
            new Second({ inChannels: mid, outChannels, kernelSize, stride, padding: level_paddings[i], ...layers }),
          ]);
        }),
      ),
    );
    const strides = inputs?.map((level) => level.stride) ?? in_channels.map((_, i) => 8 * 2 ** i);
    for (const stride of level_strides) strides.push(strides[strides.length - 1] * stride);
    this.outputs = out_channels.map((channels, i) => ({ channels, stride: strides[i] }));
    applyInitCfg(this, options.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const outs = inputs.map((x, i) => (i === 0 && this.l2Norm ? this.l2Norm.forward(x) : x));
      for (const layer of this.extraLayers) outs.push(layer.forward(outs[outs.length - 1]));
      return outs;
    });
  }
}

export const ssdNeck = defineModule({
  kind: 'neck',
  type: 'SSDNeck',
  summary: 'Extra, ever coarser levels after those of a VGG backbone.',
  paper: 'Liu, Anguelov, Erhan, Szegedy, Reed, Fu and Berg: SSD: Single Shot MultiBox Detector, ECCV 2016',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> out_channels.length levels',
  example: `{
  type: 'SSDNeck',
  out_channels: [512, 1024, 512, 256, 256, 256],
  level_strides: [2, 2, 1, 1],
  level_paddings: [1, 1, 0, 0],
}`,
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer(given, context) {
    const o = inferInChannels('SSDNeck', given, context);
    const fail = (what: string): never => {
      throw new DetLabError(`Cannot build neck "SSDNeck"${context.path ? ` at ${context.path}` : ''}: ${what}`);
    };
    const { in_channels: entering, out_channels: out } = o;
    if (out.slice(0, entering.length).join() !== entering.join())
      fail(
        `out_channels [${out.join(', ')}] must begin with the channels of the levels that enter, [${entering.join(', ')}]`,
      );
    const added = out.length - entering.length;
    if (added < 1) fail(`expected more than ${entering.length} out_channels, received ${out.length}`);
    for (const name of ['level_strides', 'level_paddings'] as const)
      if (o[name].length !== added)
        fail(
          `expected ${name} of the ${added} added levels (${out.length} out_channels, ${entering.length} levels enter), ` +
            `received ${o[name].length}`,
        );
    return o;
  },
  build: (o, { inputs }) => new SSDNeck({ ...o, in_channels: o.in_channels! }, inputs),
});
