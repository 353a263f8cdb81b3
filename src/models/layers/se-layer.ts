// Squeeze and excitation (Hu et al., CVPR 2018): each channel times a weight, which two 1x1 convolutions make of the means of all.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

export interface SELayerConfig {
  channels: number;
  /** Channels between the convolutions are channels / ratio, rounded down. */
  ratio: number;
  actCfg: readonly [ActCfg, ActCfg];
}

/** @example new SELayer({ channels: 64, ratio: 16, actCfg: [{ type: 'ReLU' }, { type: 'Sigmoid' }] }).forward(x) // [N, H, W, 64] */
export class SELayer extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;

  constructor({ channels, ratio, actCfg: [inner, outer] }: SELayerConfig) {
    super();
    const squeezed = Math.trunc(channels / ratio);
    const layer = (inChannels: number, outChannels: number, actCfg: ActCfg) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 1, actCfg });
    this.conv1 = this.addChild('conv1', layer(channels, squeezed, inner));
    this.conv2 = this.addChild('conv2', layer(squeezed, channels, outer));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const pooled = tf.mean<tf.Tensor4D>(x, [1, 2], true); // [N, 1, 1, C]
      return tf.mul(x, this.conv2.forward(this.conv1.forward(pooled)));
    });
  }
}
