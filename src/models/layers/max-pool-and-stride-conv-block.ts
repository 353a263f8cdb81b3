// YOLOv7's way to half the size (Wang et al., CVPR 2023; MMYOLO's MaxPoolAndStrideConvBlock): half of the output channels by a
// strided convolution, half by max pooling.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { maxPool2d } from '../../ops/max-pool2d';

/** The largest of every 2x2 pixels. */
export class HalvingMaxPool extends Module {
  /** [N, H, W, C] -> [N, H/2, W/2, C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return maxPool2d(x, { size: [2, 2] });
  }
}

export interface MaxPoolAndStrideConvBlockConfig {
  inChannels: number;
  outChannels: number;
  /** The strided branch keeps the input's channels before its stride, in place of half of the output's. */
  useInChannelsOfMiddle?: boolean;
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

/** @example new MaxPoolAndStrideConvBlock({ inChannels: 64, outChannels: 64, normCfg: { type: 'BN' }, actCfg: { type: 'SiLU' } }) */
export class MaxPoolAndStrideConvBlock extends Module {
  private readonly pooled: Sequential<HalvingMaxPool | ConvModule>;
  private readonly strided: Sequential<ConvModule>;

  constructor(config: MaxPoolAndStrideConvBlockConfig) {
    super();
    const { inChannels, outChannels, useInChannelsOfMiddle = false, ...layers } = config;
    const half = outChannels >> 1;
    const middle = useInChannelsOfMiddle ? inChannels : half;
    const conv = (from: number, to: number) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: 1, ...layers });
    const strided = { inChannels: middle, outChannels: half, kernelSize: 3, stride: 2, padding: 1, ...layers };
    const pooling = new Sequential<HalvingMaxPool | ConvModule>([new HalvingMaxPool(), conv(inChannels, half)]);
    this.pooled = this.addChild('maxpool_branches', pooling);
    this.strided = this.addChild(
      'stride_conv_branches',
      new Sequential([conv(inChannels, middle), new ConvModule(strided)]),
    );
  }

  /** [N, H, W, inChannels] -> [N, H/2, W/2, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.concat([this.strided.forward(x), this.pooled.forward(x)], 3));
  }
}
