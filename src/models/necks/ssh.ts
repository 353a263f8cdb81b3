// SSH (Najibi et al., ICCV 2017): on each level a 3x3 convolution beside a context module with receptive fields of 5x5 and 7x7.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';
import { expectLevels } from './infer-single-channels';

const options = z.strictObject({
  num_scales: z.int().positive().optional().describe('Number of levels'),
  in_channels: z.array(z.int().positive()).min(1).optional().describe('Channels of each level'),
  out_channels: z.array(z.int().positive()).min(1).describe('Channels of each output level, multiples of 4'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Norm after every convolution'),
  init_cfg: ignoredOption('as in MMDetection, convolutions start by themselves', {
    schema: initCfg.nullable().default({ type: 'Xavier', layer: 'Conv2d', distribution: 'uniform' }),
  }),
});
type Options = z.output<typeof options> & { in_channels: number[] };
type Layers = Pick<ConvModuleConfig, 'convCfg' | 'normCfg'>;

const conv3x3 = (inChannels: number, outChannels: number, layers: Layers, activated: boolean) =>
  new ConvModule({
    ...{ inChannels, outChannels, kernelSize: 3, padding: 1, ...layers },
    ...(activated ? {} : { actCfg: null }),
  });

/** Two and three 3x3 convolutions in a row, which share the first. */
class ContextModule extends Module {
  private readonly first: ConvModule;
  private readonly second: ConvModule;
  private readonly inner: ConvModule;
  private readonly third: ConvModule;

  constructor(inChannels: number, channels: number, layers: Layers) {
    super();
    this.first = this.addChild('conv5x5_1', conv3x3(inChannels, channels, layers, true));
    this.second = this.addChild('conv5x5_2', conv3x3(channels, channels, layers, false));
    this.inner = this.addChild('conv7x7_2', conv3x3(channels, channels, layers, true));
    this.third = this.addChild('conv7x7_3', conv3x3(channels, channels, layers, false));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    const shared = this.first.forward(x);
    return [this.second.forward(shared), this.third.forward(this.inner.forward(shared))];
  }
}

class DetectionModule extends Module {
  private readonly conv3x3: ConvModule;
  private readonly context: ContextModule;

  constructor(inChannels: number, outChannels: number, layers: Layers) {
    super();
    this.conv3x3 = this.addChild('conv3x3', conv3x3(inChannels, outChannels / 2, layers, false));
    this.context = this.addChild('context_module', new ContextModule(inChannels, outChannels / 4, layers));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.relu(tf.concat([this.conv3x3.forward(x), ...this.context.forward(x)], 3)));
  }
}

/**
 * @example new SSH({ ...ssh.options.parse({ out_channels: [64, 64, 64] }), in_channels: [64, 64, 64] })
 */
export class SSH extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly levels: DetectionModule[];

  constructor(options: Options, inputs?: FeatureSpec[]) {
    super();
    const { in_channels, out_channels, conv_cfg, norm_cfg } = options;
    this.levels = in_channels.map((channels, i) =>
      this.addChild(
        `ssh_module${i}`,
        new DetectionModule(channels, out_channels[i], { convCfg: conv_cfg, normCfg: norm_cfg }),
      ),
    );
    this.outputs = out_channels.map((channels, i) => ({ channels, stride: inputs?.[i].stride ?? 8 * 2 ** i }));
    applyInitCfg(this, options.init_cfg, this.levels);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return inputs.map((x, i) => this.levels[i].forward(x));
  }
}

export const ssh = defineModule({
  kind: 'neck',
  type: 'SSH',
  summary: 'Context module on each level: parallel receptive fields of 3x3, 5x5 and 7x7.',
  paper: 'Najibi, Samangouei, Chellappa and Davis: SSH: Single Stage Headless Face Detector, ICCV 2017',
  shapes: '[N, H/s, W/s, in_channels[i]] for each level -> [N, H/s, W/s, out_channels[i]]',
  example: "{ type: 'SSH', num_scales: 3, in_channels: [64, 64, 64], out_channels: [64, 64, 64] }",
  options,
  inferred: { in_channels: 'the channels of the levels before it', num_scales: 'their number' },
  infer(given, context) {
    const o = inferInChannels('SSH', given, context);
    const levels = o.in_channels.length;
    expectLevels('SSH', context.path, levels, o.out_channels.length, 'out_channels, one for each level that enters');
    if (o.num_scales !== undefined)
      expectLevels('SSH', context.path, levels, o.num_scales, 'as num_scales, the number of levels that enter');
    const odd = o.out_channels.find((channels) => channels % 4 !== 0);
    if (odd !== undefined)
      throw new DetLabError(
        `Cannot build neck "SSH" at ${context.path}: expected out_channels in multiples of 4, received ${odd}`,
      );
    return { ...o, num_scales: levels };
  },
  build: (o, { inputs }) => new SSH(o as Options, inputs),
});
