// PP-YOLOE's effective squeeze and excitation (Xu et al., 2022; MMYOLO's PPYOLOESELayer): a weight per channel from the mean of
// the map, then a 1x1 convolution.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Conv2d } from '../../nn/conv2d';
import { normal } from '../../nn/initializers';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

/** @example new PPYOLOESELayer({ channels: 64 }).forward(x, tf.mean(x, [1, 2], true)) // [N, H, W, 64] */
export class PPYOLOESELayer extends Module {
  private readonly fc: Conv2d;
  private readonly conv: ConvModule;

  constructor(config: { channels: number; normCfg?: NormCfg; actCfg?: ActCfg }) {
    super();
    const { channels, normCfg = { type: 'BN', momentum: 0.1, eps: 1e-5 }, actCfg = { type: 'SiLU' } } = config;
    const shape = { inChannels: channels, outChannels: channels, kernelSize: 1 };
    this.fc = this.addChild('fc', new Conv2d({ ...shape, init: normal(0.001) }));
    this.conv = this.addChild('conv', new ConvModule({ ...shape, normCfg, actCfg }));
  }

  /** [N, H, W, C] and its mean [N, 1, 1, C] -> [N, H, W, C]. */
  forward(x: tf.Tensor4D, average: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.conv.forward(tf.mul<tf.Tensor4D>(x, tf.sigmoid(this.fc.forward(average)))));
  }
}
