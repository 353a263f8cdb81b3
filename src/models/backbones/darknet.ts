// Darknet-53 (Redmon and Farhadi, YOLOv3, 2018): a convolution and five stages, each a strided convolution and residual
// blocks of a 1x1 and a 3x3.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { evaluateNorms } from '../../nn/evaluate-norms';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import type { Backbone, FeatureSpec } from '../types';
import { outputsOfLayers } from './outputs-of-layers';
import { pretrainedOption, readPretrained } from './residual-options';

const DEPTHS = [1, 2, 8, 8, 4];
const CHANNELS = [32, 64, 128, 256, 512, 1024];

const options = z.strictObject({
  depth: z.literal(53).default(53).describe('Depth; only 53'),
  out_indices: z
    .array(z.int().min(0).max(5))
    .min(1)
    .default([3, 4, 5])
    .describe('Indices of the outputs: 0 for the first convolution, 1 to 5 for the stages'),
  frozen_stages: z.int().min(-1).max(6).default(-1).describe('Freezes the first n of the convolution and the stages'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation type'),
  act_cfg: actCfg.default({ type: 'LeakyReLU', negative_slope: 0.1 }).describe('Activation type'),
  norm_eval: z
    .boolean()
    .default(true)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  pretrained: pretrainedOption,
  init_cfg: initCfg
    .nullable()
    .default(null)
    .describe('Weight initialisation; null: Kaiming for convolutions, constant for norms'),
});
export type DarknetOptions = z.output<typeof options>;

type Layers = Pick<ConstructorParameters<typeof ConvModule>[0], 'convCfg' | 'normCfg' | 'actCfg'>;

class ResBlock extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;

  constructor(channels: number, layers: Layers) {
    super();
    const half = channels / 2;
    const down = { inChannels: channels, outChannels: half, kernelSize: 1, ...layers };
    const up = { inChannels: half, outChannels: channels, kernelSize: 3, padding: 1, ...layers };
    this.conv1 = this.addChild('conv1', new ConvModule(down));
    this.conv2 = this.addChild('conv2', new ConvModule(up));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.conv2.forward(this.conv1.forward(x), { residual: x }));
  }
}

/** `conv`, `res0`, `res1`, ... */
class Stage extends Module {
  private readonly parts: (ConvModule | ResBlock)[];

  constructor(inChannels: number, outChannels: number, blocks: number, layers: Layers) {
    super();
    const conv = { inChannels, outChannels, kernelSize: 3, stride: 2, padding: 1, ...layers };
    this.parts = [this.addChild('conv', new ConvModule(conv))];
    for (let i = 0; i < blocks; i++) this.parts.push(this.addChild(`res${i}`, new ResBlock(outChannels, layers)));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.parts.reduce((y, part) => part.forward(y), x));
  }
}

/**
 * @example new Darknet(darknet.options.parse({})).forward(images) // strides 8, 16, 32
 */
export class Darknet extends Module implements Backbone {
  readonly outputs: FeatureSpec[];
  private readonly layers: (ConvModule | Stage)[];

  constructor(private readonly options: DarknetOptions) {
    super();
    const { out_indices, conv_cfg, norm_cfg, act_cfg, init_cfg, frozen_stages } = options;
    const shared = { convCfg: conv_cfg, normCfg: norm_cfg, actCfg: act_cfg };
    const first = { inChannels: 3, outChannels: CHANNELS[0], kernelSize: 3, padding: 1, ...shared };
    this.layers = [this.addChild('conv1', new ConvModule(first))];
    for (const [i, blocks] of DEPTHS.entries()) {
      const stage = new Stage(CHANNELS[i], CHANNELS[i + 1], blocks, shared);
      this.layers.push(this.addChild(`conv_res_block${i + 1}`, stage));
    }
    this.outputs = [0, 1, 2, 3, 4, 5]
      .filter((i) => out_indices.includes(i))
      .map((i) => ({ channels: CHANNELS[i], stride: 1 << i }));
    applyInitCfg(this, init_cfg ?? { type: 'Kaiming', layer: 'Conv2d', ...{ a: 0, bias: 0 } });
    for (const layer of this.layers.slice(0, Math.max(frozen_stages, 0))) layer.freeze();
  }

  /** Training mode; with `norm_eval` the batch norms stay in evaluation mode. */
  override train(mode = true): this {
    super.train(mode);
    if (mode && this.options.norm_eval) evaluateNorms(this);
    return this;
  }

  /** [N, H, W, 3] -> the outputs of `out_indices`. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return outputsOfLayers(this.layers, x, this.options.out_indices);
  }
}

export const darknet = defineModule({
  kind: 'backbone',
  type: 'Darknet',
  summary: 'Darknet-53, the backbone of YOLOv3.',
  paper: 'Redmon and Farhadi: YOLOv3: An Incremental Improvement, 2018',
  shapes: '[N, H, W, 3] -> [N, H/8, W/8, 256], [N, H/16, W/16, 512], [N, H/32, W/32, 1024]',
  example: "{ type: 'Darknet', depth: 53, out_indices: [3, 4, 5] }",
  options,
  infer: (o) => readPretrained('Darknet', o),
  build: (o) => new Darknet(o),
});
