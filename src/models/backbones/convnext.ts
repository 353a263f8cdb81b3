// ConvNeXt (Liu et al., A ConvNet for the 2020s, CVPR 2022) and its second version (Woo et al., CVPR 2023), as MMPretrain has them:
// blocks of a 7x7 depthwise convolution, a layer norm and two pointwise layers, without activations between stages.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import {
  type Activation,
  actCfg,
  applyInitCfg,
  buildActivation,
  Conv2d,
  constant,
  Dropout,
  initCfg,
  LayerNorm,
  Linear,
  Module,
  ModuleList,
  type Parameter,
  zeros,
} from '../../nn';
import type { Backbone, FeatureSpec } from '../types';
import { withCp } from './residual-options';

/** Blocks and channels of each stage. */
const ARCHS = {
  atto: { depths: [2, 2, 6, 2], channels: [40, 80, 160, 320] },
  femto: { depths: [2, 2, 6, 2], channels: [48, 96, 192, 384] },
  pico: { depths: [2, 2, 6, 2], channels: [64, 128, 256, 512] },
  nano: { depths: [2, 2, 8, 2], channels: [80, 160, 320, 640] },
  tiny: { depths: [3, 3, 9, 3], channels: [96, 192, 384, 768] },
  small: { depths: [3, 3, 27, 3], channels: [96, 192, 384, 768] },
  base: { depths: [3, 3, 27, 3], channels: [128, 256, 512, 1024] },
  large: { depths: [3, 3, 27, 3], channels: [192, 384, 768, 1536] },
  xlarge: { depths: [3, 3, 27, 3], channels: [256, 512, 1024, 2048] },
  huge: { depths: [3, 3, 27, 3], channels: [352, 704, 1408, 2816] },
};
const counts = z.array(z.int().positive()).min(1);
const archNames = Object.keys(ARCHS) as (keyof typeof ARCHS)[];

const options = z.strictObject({
  arch: z
    .union([
      z.enum(archNames),
      z.strictObject({ depths: counts.describe('Blocks'), channels: counts.describe('Channels') }),
    ])
    .default('tiny')
    .describe('Architecture, or the depths and channels of its stages'),
  in_channels: z.int().positive().default(3).describe('Channels of the input image'),
  stem_patch_size: z.int().positive().default(4).describe('Size and stride of the patches of the stem'),
  norm_cfg: z
    .strictObject({
      type: z.literal('LN2d').describe('Layer normalisation over channels'),
      eps: z.number().positive().default(1e-5).describe('Epsilon added to the variance'),
      requires_grad: z.boolean().default(true).describe('Whether weight and bias are trained'),
    })
    .default({ type: 'LN2d', eps: 1e-6, requires_grad: true })
    .describe('Normalisation'),
  act_cfg: actCfg.default({ type: 'GELU' }).describe('Activation between the pointwise layers'),
  linear_pw_conv: z
    .boolean()
    .default(true)
    .describe('Pointwise layers are linear layers in the state dict, else 1x1 convolutions'),
  use_grn: z.boolean().default(false).describe('Global response normalisation (version 2)'),
  drop_path_rate: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Stochastic depth of the last block; it grows from 0 at the first'),
  layer_scale_init_value: z.number().min(0).default(1e-6).describe('Start of the factor of each channel; 0: no factor'),
  out_indices: z
    .union([z.int(), z.array(z.int()).min(1)])
    .default(-1)
    .describe('Indices of the stages returned; negative: from the last'),
  frozen_stages: z.int().min(0).default(0).describe('Number of first stages that stay as they are'),
  gap_before_final_norm: z
    .boolean()
    .default(true)
    .describe('Average the map before its norm, for classification; a detector needs false'),
  with_cp: withCp,
  init_cfg: initCfg
    .nullable()
    .default([
      { type: 'TruncNormal', layer: ['Conv2d', 'Linear'], std: 0.02, bias: 0 },
      { type: 'Constant', layer: ['LayerNorm'], val: 1, bias: 0 },
    ])
    .describe('Weight initialisation, or pretrained weights'),
});
export type ConvNeXtOptions = z.output<typeof options>;

/** x + x times the norm of its channel over the map, relative to the mean of these norms, with learned factors. */
class GlobalResponseNorm extends Module {
  private readonly gamma: Parameter;
  private readonly beta: Parameter;

  constructor(channels: number) {
    super();
    this.gamma = this.addParameter('gamma', [channels], zeros);
    this.beta = this.addParameter('beta', [channels], zeros);
  }

  /** [N, H, W, C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    const norms = tf.sqrt(tf.sum(tf.square(x), [1, 2], true)); // [N, 1, 1, C]
    const relative = tf.div(norms, tf.add(tf.mean(norms, 3, true), 1e-6));
    const scaled = tf.mul(this.gamma.variable, tf.mul(x, relative));
    return tf.add(tf.add(scaled, this.beta.variable), x);
  }
}

interface BlockConfig {
  channels: number;
  dropPath: number;
  options: ConvNeXtOptions;
}

class ConvNeXtBlock extends Module {
  private readonly gamma?: Parameter;
  private readonly depthwise: Conv2d;
  private readonly norm: LayerNorm;
  private readonly expand: Linear | Conv2d;
  private readonly reduce: Linear | Conv2d;
  private readonly grn?: GlobalResponseNorm;
  private readonly path: Dropout;
  private readonly activation: Activation;

  constructor({ channels, dropPath, options: o }: BlockConfig) {
    super();
    const hidden = 4 * channels;
    const scale = o.layer_scale_init_value;
    // a parameter of the block itself: first in the state dict
    if (scale > 0) this.gamma = this.addParameter('gamma', [channels], constant(scale));
    this.depthwise = this.addChild(
      'depthwise_conv',
      new Conv2d({ inChannels: channels, outChannels: channels, kernelSize: 7, padding: 3, groups: channels }),
    );
    this.norm = this.addChild('norm', layerNorm(o, channels));
    const pointwise = (inputs: number, outputs: number): Linear | Conv2d =>
      o.linear_pw_conv
        ? new Linear({ inFeatures: inputs, outFeatures: outputs })
        : new Conv2d({ inChannels: inputs, outChannels: outputs, kernelSize: 1 });
    this.expand = this.addChild('pointwise_conv1', pointwise(channels, hidden));
    this.reduce = this.addChild('pointwise_conv2', pointwise(hidden, channels));
    if (o.use_grn) this.grn = this.addChild('grn', new GlobalResponseNorm(hidden));
    this.path = this.addChild('drop_path', new Dropout({ type: 'DropPath', drop_prob: dropPath }));
    this.activation = buildActivation(o.act_cfg);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const hidden: tf.Tensor4D = this.expand.forward(this.norm.forward(this.depthwise.forward(x)));
      const active = this.activation.apply(hidden);
      const y: tf.Tensor4D = this.reduce.forward(this.grn?.forward(active) ?? active);
      const scaled = this.gamma ? tf.mul<tf.Tensor4D>(y, this.gamma.variable) : y;
      return tf.add<tf.Tensor4D>(x, this.path.forward(scaled));
    });
  }
}

const layerNorm = ({ norm_cfg: { eps, requires_grad } }: ConvNeXtOptions, channels: number) =>
  new LayerNorm({ channels, epsilon: eps, requiresGrad: requires_grad });

/** A norm and a convolution that halves the map; in the stem the convolution comes first. */
class Downsample extends Module {
  private readonly norm: LayerNorm;
  private readonly conv: Conv2d;

  constructor(
    o: ConvNeXtOptions,
    [inChannels, outChannels]: [number, number],
    private readonly stem: boolean,
  ) {
    super();
    const size = stem ? o.stem_patch_size : 2;
    const conv = () => new Conv2d({ inChannels, outChannels, kernelSize: size, stride: size });
    if (stem) {
      this.conv = this.addChild('0', conv());
      this.norm = this.addChild('1', layerNorm(o, outChannels));
    } else {
      this.norm = this.addChild('0', layerNorm(o, inChannels));
      this.conv = this.addChild('1', conv());
    }
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() =>
      this.stem ? this.norm.forward(this.conv.forward(x)) : this.conv.forward(this.norm.forward(x)),
    );
  }
}

/**
 * @example new ConvNeXt(convNeXt.options.parse({ out_indices: [0, 1, 2, 3], gap_before_final_norm: false })).forward(images)
 */
export class ConvNeXt extends Module implements Backbone {
  readonly outputs: FeatureSpec[];
  private readonly downsamples: ModuleList<Downsample>;
  private readonly stages: ModuleList<ModuleList<ConvNeXtBlock>>;
  private readonly norms = new Map<number, LayerNorm>();

  constructor(o: ConvNeXtOptions) {
    super();
    const { depths, channels } = typeof o.arch === 'string' ? ARCHS[o.arch] : o.arch;
    if (depths.length !== channels.length)
      throw new DetLabError(
        `Cannot build ConvNeXt: expected as many channels as depths (${depths.length}), received ${channels.length}`,
      );
    if (o.gap_before_final_norm)
      throw new DetLabError(
        'Cannot build ConvNeXt: gap_before_final_norm averages the maps that a detector needs. Set gap_before_final_norm: false',
      );
    const indices = [o.out_indices].flat().map((i) => (i < 0 ? depths.length + i : i));
    const wrong = indices.find((i) => i < 0 || i >= depths.length);
    if (wrong !== undefined)
      throw new DetLabError(
        `Cannot build ConvNeXt: out_indices has ${wrong}, the stages are 0 to ${depths.length - 1}`,
      );
    const inputs = [o.in_channels, ...channels];
    this.downsamples = this.addChild(
      'downsample_layers',
      new ModuleList(channels.map((count, i) => new Downsample(o, [inputs[i], count], i === 0))),
    );
    const total = depths.reduce((a, b) => a + b, 0);
    let block = 0;
    const rate = () => (total > 1 ? (o.drop_path_rate * block++) / (total - 1) : 0);
    const stage = (depth: number, i: number) =>
      new ModuleList(
        Array.from({ length: depth }, () => new ConvNeXtBlock({ channels: channels[i], dropPath: rate(), options: o })),
      );
    this.stages = this.addChild('stages', new ModuleList(depths.map(stage)));
    for (const i of [...indices].sort((a, b) => a - b))
      this.norms.set(i, this.addChild(`norm${i}`, layerNorm(o, channels[i])));
    this.outputs = [...this.norms.keys()].map((i) => ({ channels: channels[i], stride: o.stem_patch_size * 2 ** i }));
    applyInitCfg(this, o.init_cfg);
    for (let i = 0; i < Math.min(o.frozen_stages, depths.length); i++) {
      this.downsamples.at(i).freeze();
      this.stages.at(i).freeze();
    }
  }

  /** [N, H, W, 3] -> one [N, H/s, W/s, C] per output. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      const outputs: tf.Tensor4D[] = [];
      let y = x;
      for (const [i, stage] of [...this.stages].entries()) {
        y = this.downsamples.at(i).forward(y);
        for (const block of stage) y = block.forward(y);
        const norm = this.norms.get(i);
        if (norm) outputs.push(norm.forward(y));
      }
      return outputs;
    });
  }
}

export const convNeXt = defineModule({
  kind: 'backbone',
  type: 'ConvNeXt',
  summary: 'Convolutional network with the design of transformers, versions 1 and 2; as mmpretrain.ConvNeXt',
  paper: 'Liu et al., A ConvNet for the 2020s, CVPR 2022; Woo et al., ConvNeXt V2, CVPR 2023',
  shapes: '[N, H, W, 3] -> one [N, H/s, W/s, C] per stage, s = 4, 8, 16, 32',
  example: "{ type: 'ConvNeXt', arch: 'tiny', out_indices: [0, 1, 2, 3], gap_before_final_norm: false }",
  options,
  build: (o) => new ConvNeXt(o),
});
