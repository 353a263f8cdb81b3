// RT-DETR's fusion of two maps (Zhao et al., CVPR 2024; CSPRepLayer): re-parameterised convolutions beside a 1x1 convolution, added up.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import type { FeatureMaps } from '../../ops/join-maps';
import { RepVGGBlock } from './rep-vgg-block';

export interface CSPRepLayerConfig {
  inChannels: number;
  outChannels: number;
  numBlocks: number;
  /** Channels inside over those of the output. */
  expansion: number;
  normCfg: NormCfg;
  actCfg: ActCfg;
}

/** Names of MMPretrain's RepVGG. */
const BLOCK_NAMES = { dense: 'branch_3x3', pointwise: 'branch_1x1', merged: 'branch_reparam', norm: 'norm' };

/** @example new CSPRepLayer({ inChannels: 128, outChannels: 64, numBlocks: 3, expansion: 1, normCfg: { type: 'BN' }, actCfg: { type: 'SiLU' } }) */
export class CSPRepLayer extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly bottlenecks: Sequential<RepVGGBlock>;
  private readonly conv3?: ConvModule;

  constructor({ inChannels, outChannels, numBlocks, expansion, normCfg, actCfg }: CSPRepLayerConfig) {
    super();
    const hidden = Math.trunc(outChannels * expansion);
    const conv = (from: number, to: number) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: 1, normCfg, actCfg });
    const block = { inChannels: hidden, outChannels: hidden, useBnFirst: false, normCfg, actCfg, names: BLOCK_NAMES };
    this.conv1 = this.addChild('conv1', conv(inChannels, hidden));
    this.conv2 = this.addChild('conv2', conv(inChannels, hidden));
    const blocks = Array.from({ length: numBlocks }, () => new RepVGGBlock(block));
    this.bottlenecks = this.addChild('bottlenecks', new Sequential(blocks));
    if (hidden !== outChannels) this.conv3 = this.addChild('conv3', conv(hidden, outChannels));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]; several maps are read as one. */
  forward(maps: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      const sum = tf.add<tf.Tensor4D>(this.bottlenecks.forward(this.conv1.forward(maps)), this.conv2.forward(maps));
      return this.conv3 ? this.conv3.forward(sum) : sum;
    });
  }
}
