// PP-YOLOE's stage (Xu et al., 2022; MMYOLO's CSPResLayer): half of the channels goes through residual blocks of a 3x3 and a
// re-parameterised convolution, half around them; a weight per channel, and a 1x1 convolution joins the two.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ConvModule } from '../../nn/conv-module';
import { type ActCfg, type Activation, actCfg, buildActivation, type NormCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import type { FeatureMaps } from '../../ops/join-maps';
import { RepVGGBlock } from './rep-vgg-block';
import { SPPFBottleneck } from './sppf-bottleneck';

const blockOptions = z.strictObject({
  type: z.literal('PPYOLOEBasicBlock').describe('A 3x3 and a re-parameterised convolution'),
  shortcut: z.boolean().default(true).describe('Add the input'),
  use_alpha: z.boolean().default(false).describe('Train a factor on the 1x1 branch'),
  norm_cfg: normCfg.optional().describe("Norm; the layer's when left out"),
  act_cfg: actCfg.optional().describe("Activation; the layer's when left out"),
});
export type CSPResBlockCfg = z.output<typeof blockOptions>;

/** `block_cfg` of a module. */
export const cspResBlockOption = (standard: { shortcut: boolean; use_alpha: boolean }) =>
  blockOptions.default({ type: 'PPYOLOEBasicBlock', ...standard }).describe('The block of the stages');

/** `attention_cfg` of a module. */
export const squeezeOption = z
  .strictObject({
    type: z.literal('EffectiveSELayer').describe('A weight per channel from the mean of the map'),
    act_cfg: actCfg.default({ type: 'HSigmoid' }).describe('Activation of the weights'),
  })
  .nullable()
  .default({ type: 'EffectiveSELayer', act_cfg: { type: 'HSigmoid' } })
  .describe('Weights of the channels; null: none');
export type SqueezeCfg = z.output<typeof squeezeOption>;

class BasicBlock extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: RepVGGBlock;

  constructor(
    channels: number,
    private readonly cfg: CSPResBlockCfg,
    layers: { normCfg: NormCfg; actCfg: ActCfg | null },
  ) {
    super();
    const { normCfg, actCfg } = { normCfg: cfg.norm_cfg ?? layers.normCfg, actCfg: cfg.act_cfg ?? layers.actCfg };
    const shape = { inChannels: channels, outChannels: channels, normCfg, actCfg };
    this.conv1 = this.addChild('conv1', new ConvModule({ ...shape, kernelSize: 3, padding: 1 }));
    this.conv2 = this.addChild('conv2', new RepVGGBlock({ ...shape, useAlpha: cfg.use_alpha, useBnFirst: false }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.conv2.forward(this.conv1.forward(x));
      return this.cfg.shortcut ? tf.add(x, y) : y;
    });
  }
}

class EffectiveSELayer extends Module {
  private readonly fc: ConvModule;
  private readonly activation: Activation;

  constructor(channels: number, act: ActCfg) {
    super();
    this.fc = this.addChild(
      'fc',
      new ConvModule({ inChannels: channels, outChannels: channels, kernelSize: 1, actCfg: null }),
    );
    this.activation = buildActivation(act);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.mul(x, this.activation.apply(this.fc.forward(tf.mean<tf.Tensor4D>(x, [1, 2], true)))));
  }
}

/** The blocks in order, named 0, 1, ..., and pyramid pooling named `spp` after the middle one. */
class ResBlocks extends Module {
  private readonly layers: (BasicBlock | SPPFBottleneck)[] = [];

  constructor(count: number, block: () => BasicBlock, pooling: (() => SPPFBottleneck) | undefined) {
    super();
    for (let i = 0; i < count; i++) {
      this.layers.push(this.addChild(String(i), block()));
      if (pooling && i === (count - 1) >> 1) this.layers.push(this.addChild('spp', pooling()));
    }
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.layers.reduce((y, layer) => layer.forward(y), x));
  }
}

export interface CSPResLayerConfig {
  inChannels: number;
  outChannels: number;
  numBlocks: number;
  block: CSPResBlockCfg;
  /** 2: a strided convolution first. */
  stride?: 1 | 2;
  attention?: SqueezeCfg;
  useSPP?: boolean;
  normCfg: NormCfg;
  actCfg: ActCfg | null;
}

/** @example new CSPResLayer({ inChannels: 64, outChannels: 128, numBlocks: 3, stride: 2, block, normCfg, actCfg }) */
export class CSPResLayer extends Module {
  private readonly down?: ConvModule;
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly conv3: ConvModule;
  private readonly blocks: ResBlocks;
  private readonly attention?: EffectiveSELayer;

  constructor({
    inChannels,
    outChannels,
    numBlocks,
    block,
    stride = 1,
    attention,
    useSPP,
    ...layers
  }: CSPResLayerConfig) {
    super();
    const middle = stride === 2 ? (inChannels + outChannels) >> 1 : inChannels;
    const half = (stride === 2 ? middle : outChannels) >> 1;
    const conv = (from: number, to: number, kernelSize = 1) =>
      new ConvModule({
        inChannels: from,
        outChannels: to,
        kernelSize,
        stride: kernelSize > 1 ? 2 : 1,
        padding: kernelSize >> 1,
        ...layers,
      });
    if (stride === 2) this.down = this.addChild('conv_down', conv(inChannels, middle, 3));
    this.conv1 = this.addChild('conv1', conv(middle, half));
    this.conv2 = this.addChild('conv2', conv(middle, half));
    const pooling = () =>
      new SPPFBottleneck({
        inChannels: half,
        outChannels: half,
        kernelSizes: [5, 9, 13],
        useConvFirst: false,
        ...layers,
      });
    const blocks = new ResBlocks(numBlocks, () => new BasicBlock(half, block, layers), useSPP ? pooling : undefined);
    this.blocks = this.addChild('blocks', blocks);
    this.conv3 = this.addChild('conv3', conv(2 * half, outChannels));
    if (attention) this.attention = this.addChild('attn', new EffectiveSELayer(2 * half, attention.act_cfg));
  }

  /** [N, H, W, inChannels] -> [N, H/stride, W/stride, outChannels]; several maps are read as one. */
  forward(maps: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      const x = this.down ? this.down.forward(maps) : maps;
      const halves = [this.conv1.forward(x), this.blocks.forward(this.conv2.forward(x))];
      return this.conv3.forward(this.attention ? this.attention.forward(tf.concat(halves, 3)) : halves);
    });
  }
}
