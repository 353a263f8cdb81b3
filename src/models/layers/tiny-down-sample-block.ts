// YOLOv7-tiny's stage (Wang et al., CVPR 2023; MMYOLO's TinyDownSampleBlock): three convolutions in a row, each read by the last one
// together with a 1x1 convolution of the input. The size of the maps stays: it is the stage after a pooling.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import type { FeatureMaps } from '../../ops/join-maps';
import { scaled } from '../shared-options/scale-model';

export interface TinyDownSampleBlockConfig {
  inChannels: number;
  outChannels: number;
  middleRatio?: number;
  /** Odd. */
  kernelSize?: number;
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

/** @example new TinyDownSampleBlock({ inChannels: 64, outChannels: 128, normCfg: { type: 'BN' }, actCfg: { type: 'LeakyReLU' } }) */
export class TinyDownSampleBlock extends Module {
  private readonly shortConv: ConvModule;
  private readonly mainConvs: ModuleList<ConvModule>;
  private readonly finalConv: ConvModule;

  constructor(config: TinyDownSampleBlockConfig) {
    super();
    const { inChannels, outChannels, middleRatio = 1, kernelSize = 3, normCfg, actCfg } = config;
    const middle = scaled(inChannels, middleRatio);
    const conv = (from: number, to: number, size = 1) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: size, padding: size >> 1, normCfg, actCfg });
    const main = [conv(inChannels, middle), conv(middle, middle, kernelSize), conv(middle, middle, kernelSize)];
    this.shortConv = this.addChild('short_conv', conv(inChannels, middle));
    this.mainConvs = this.addChild('main_convs', new ModuleList(main));
    this.finalConv = this.addChild('final_conv', conv(4 * middle, outChannels));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]; several maps are read as one. */
  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      const outputs = [this.shortConv.forward(x)];
      let y: FeatureMaps = x;
      for (const conv of this.mainConvs) outputs.push((y = conv.forward(y)));
      return this.finalConv.forward(outputs.reverse());
    });
  }
}
