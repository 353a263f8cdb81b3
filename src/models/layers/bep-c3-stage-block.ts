// The stage of YOLOv6's larger models (Li et al., YOLOv6 v3.0, 2023; MMYOLO's BepC3StageBlock): part of the channels goes through
// pairs of blocks, as many around them, and a 1x1 convolution joins the two.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import type { FeatureMaps } from '../../ops/join-maps';
import { RepStageBlock, type RepStageBlockConfig } from './rep-stage-block';

export interface BepC3StageBlockConfig extends Omit<RepStageBlockConfig, 'bottle'> {
  /** Inner channels over outer ones. */
  hiddenRatio: number;
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

/** @example new BepC3StageBlock({ inChannels: 32, outChannels: 64, numBlocks: 4, hiddenRatio: 0.5, block, normCfg, actCfg }) */
export class BepC3StageBlock extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly conv3: ConvModule;
  private readonly block: RepStageBlock;

  constructor({ inChannels, outChannels, numBlocks, block, hiddenRatio, normCfg, actCfg }: BepC3StageBlockConfig) {
    super();
    const hidden = Math.floor(outChannels * hiddenRatio);
    const conv = (from: number, to: number) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: 1, bias: false, normCfg, actCfg });
    this.conv1 = this.addChild('conv1', conv(inChannels, hidden));
    this.conv2 = this.addChild('conv2', conv(inChannels, hidden));
    this.conv3 = this.addChild('conv3', conv(2 * hidden, outChannels));
    const inner = { inChannels: hidden, outChannels: hidden, numBlocks, block, bottle: true };
    this.block = this.addChild('block', new RepStageBlock(inner));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]; several maps are read as one. */
  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => this.conv3.forward([this.block.forward(this.conv1.forward(x)), this.conv2.forward(x)]));
  }
}
