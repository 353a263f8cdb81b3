// MobileNetV2 (Sandler et al., CVPR 2018): seven stages of inverted residual blocks and a last 1x1 convolution.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { evaluateNorms } from '../../nn/evaluate-norms';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { InvertedResidual } from '../layers/inverted-residual';
import type { Backbone, FeatureSpec } from '../types';
import { divisible } from './divisible';
import { outputsOfLayers } from './outputs-of-layers';
import { pretrainedOption, readPretrained, withCp } from './residual-options';

/** Expansion, channels, blocks and first stride of every stage. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

const options = z.strictObject({
  widen_factor: z.number().positive().default(1).describe('Width multiplier'),
  out_indices: z
    .array(z.int().min(0).max(7))
    .min(1)
    .default([1, 2, 4, 7])
    .describe('Indices of the stages returned: 0 to 6, and 7 for the last convolution'),
  frozen_stages: z
    .int()
    .min(-1)
    .max(7)
    .default(-1)
    .describe('Freezes the weights of the first convolution (0) and the first n stages; -1: nothing'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation type'),
  act_cfg: actCfg.default({ type: 'ReLU6' }).describe('Activation type'),
  norm_eval: z
    .boolean()
    .default(false)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  with_cp: withCp,
  pretrained: pretrainedOption,
  init_cfg: initCfg
    .nullable()
    .default(null)
    .describe('Weight initialisation; null: Kaiming for convolutions, constant for norms'),
});
export type MobileNetV2Options = z.output<typeof options>;

/**
 * @example new MobileNetV2(mobilenetV2.options.parse({})).forward(images) // strides 4, 8, 16, 32
 */
export class MobileNetV2 extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly conv1: ConvModule;
  private readonly layers: (Sequential<InvertedResidual> | ConvModule)[] = [];

  constructor(private readonly options: MobileNetV2Options) {
    super();
    const { widen_factor, conv_cfg, norm_cfg, act_cfg } = options;
    const shared = { convCfg: conv_cfg, normCfg: norm_cfg, actCfg: act_cfg };
    let channels = divisible(32 * widen_factor);
    let total = 2;
    const sizes = { inChannels: 3, outChannels: channels, kernelSize: 3, stride: 2, padding: 1 };
    this.conv1 = this.addChild('conv1', new ConvModule({ ...sizes, ...shared }));
    for (const [i, [expansion, width, blocks, stride]] of STAGES.entries()) {
      const outChannels = divisible(width * widen_factor);
      const list = new Sequential<InvertedResidual>();
      for (let k = 0; k < blocks; k++) {
        const one = { inChannels: channels, outChannels, midChannels: Math.round(channels * expansion) };
        list.push(new InvertedResidual({ ...one, stride: k === 0 ? stride : 1, expand: expansion !== 1, ...shared }));
        channels = outChannels;
      }
      total *= stride;
      this.layers.push(this.addChild(`layer${i + 1}`, list));
      if (options.out_indices.includes(i)) this.outputs.push({ channels, stride: total });
    }
    const last = widen_factor > 1 ? Math.floor(1280 * widen_factor) : 1280;
    const conv2 = new ConvModule({ inChannels: channels, outChannels: last, kernelSize: 1, ...shared });
    this.layers.push(this.addChild('conv2', conv2));
    if (options.out_indices.includes(7)) this.outputs.push({ channels: last, stride: total });
    const standard = { type: 'Kaiming', layer: 'Conv2d', ...{ a: 0, bias: 0 } } as const;
    applyInitCfg(this, options.init_cfg ?? standard, [this.conv1, conv2]);
    this.freezeStages();
  }

  private freezeStages(): void {
    const { frozen_stages } = this.options;
    // of the first convolution only the weights: its norm goes on counting, as in MMDetection
    if (frozen_stages >= 0) for (const [, parameter] of this.conv1.named()) parameter.requiresGrad = false;
    for (const stage of this.layers.slice(0, Math.max(frozen_stages, 0))) stage.freeze();
  }

  /** Training mode; with `norm_eval` the batch norms stay in evaluation mode. */
  override train(mode = true): this {
    super.train(mode);
    if (mode && this.options.norm_eval) evaluateNorms(this);
    return this;
  }

  /** [N, H, W, 3] -> the outputs of `out_indices`. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => outputsOfLayers(this.layers, this.conv1.forward(x), this.options.out_indices));
  }
}

export const mobilenetV2 = defineModule({
  kind: 'backbone',
  type: 'MobileNetV2',
  summary: 'Lightweight network of inverted residual blocks with linear bottlenecks.',
  paper: 'Sandler, Howard, Zhu, Zhmoginov and Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018',
  shapes: '[N, H, W, 3] -> [N, H/4, W/4, 24], [N, H/8, W/8, 32], [N, H/16, W/16, 96], [N, H/32, W/32, 1280]',
  example: "{ type: 'MobileNetV2', out_indices: [2, 4, 6] }",
  options,
  infer: (o) => readPretrained('MobileNetV2', o),
  build: (o) => new MobileNetV2(o),
});
