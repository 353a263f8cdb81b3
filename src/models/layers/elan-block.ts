// YOLOv7's stage (Wang et al., CVPR 2023; MMYOLO's ELANBlock and EELANBlock), efficient layer aggregation: blocks of 3x3
// convolutions in a row, of which every output, their input and a 1x1 convolution of the layer's own input are joined. The extended
// form adds up several beside each other.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList, Sequential } from '../../nn/module-list';
import type { FeatureMaps } from '../../ops/join-maps';
import { scaled } from '../shared-options/scale-model';

export interface ELANBlockConfig {
  inChannels: number;
  outChannels: number;
  /** Channels of the blocks' input and of the blocks over input channels. */
  middleRatio: number;
  blockRatio: number;
  numBlocks?: number;
  numConvsInBlock?: number;
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

/** @example new ELANBlock({ inChannels: 64, outChannels: 128, middleRatio: 0.5, blockRatio: 0.5, normCfg, actCfg }) */
export class ELANBlock extends Module {
  private readonly mainConv: ConvModule;
  private readonly shortConv: ConvModule;
  private readonly blocks: ModuleList<ConvModule | Sequential<ConvModule>>;
  private readonly finalConv: ConvModule;

  constructor(config: ELANBlockConfig) {
    super();
    const { inChannels, outChannels, numBlocks = 2, numConvsInBlock = 1, normCfg, actCfg } = config;
    const [middle, inBlock] = [scaled(inChannels, config.middleRatio), scaled(inChannels, config.blockRatio)];
    const conv = (from: number, to: number, kernelSize: 1 | 3) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize, padding: kernelSize >> 1, normCfg, actCfg });
    const block = (from: number) => {
      const convs = Array.from({ length: numConvsInBlock }, (_, i) => conv(i === 0 ? from : inBlock, inBlock, 3));
      return numConvsInBlock === 1 ? convs[0] : new Sequential(convs);
    };
    this.mainConv = this.addChild('main_conv', conv(inChannels, middle, 1));
    this.shortConv = this.addChild('short_conv', conv(inChannels, middle, 1));
    const blocks = Array.from({ length: numBlocks }, (_, i) => block(i === 0 ? middle : inBlock));
    this.blocks = this.addChild('blocks', new ModuleList<ConvModule | Sequential<ConvModule>>(blocks));
    this.finalConv = this.addChild('final_conv', conv(numBlocks * inBlock + 2 * middle, outChannels, 1));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]; several maps are read as one. */
  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      const outputs = [this.shortConv.forward(x), this.mainConv.forward(x)];
      for (const block of this.blocks) outputs.push(block.forward(outputs[outputs.length - 1]));
      return this.finalConv.forward(outputs.reverse());
    });
  }
}

/** @example new EELANBlock(2, { inChannels: 80, outChannels: 160, middleRatio: 0.4, blockRatio: 0.4, normCfg, actCfg }) */
export class EELANBlock extends Module {
  private readonly elanBlocks: ModuleList<ELANBlock>;

  constructor(count: number, config: ELANBlockConfig) {
    super();
    const blocks = Array.from({ length: count }, () => new ELANBlock(config));
    this.elanBlocks = this.addChild('e_elan_blocks', new ModuleList(blocks));
  }

  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => [...this.elanBlocks].map((block) => block.forward(x)).reduce((a, b) => tf.add(a, b)));
  }
}
