// The shortcut of a residual stage's first block: a strided 1x1 convolution, or with `avgDown` (ResNet-D, He et al.,
// CVPR 2019) an average pooling before an unstrided one.

import * as tf from '@tensorflow/tfjs';
import { buildConv } from '../../nn/build-conv';
import { convNorm, type Norm } from '../../nn/conv-norm';
import type { Conv2d } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { buildNorm, type ConvCfg, type NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

export interface DownsampleConfig {
  inChannels: number;
  outChannels: number;
  stride: number;
  avgDown: boolean;
  convCfg?: ConvCfg | null;
  normCfg: NormCfg;
}

export class Downsample extends Module {
  private readonly conv: Conv2d;
  private readonly norm: Norm;
  private readonly pool: number;

  constructor({ inChannels, outChannels, stride, avgDown, convCfg, normCfg }: DownsampleConfig) {
    super();
    this.pool = avgDown ? stride : 1;
    const at = avgDown ? 1 : 0; // the pooling takes the name 0
    const conv = { inChannels, outChannels, kernelSize: 1, stride: avgDown ? 1 : stride, bias: false, init: kaiming() };
    this.conv = this.addChild(String(at), buildConv(convCfg, conv));
    this.norm = this.addChild(String(at + 1), buildNorm(normCfg, outChannels).norm);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      // a window that hangs over the edge averages what is inside: `same` padding, all of it at the end for stride 2
      const pooled = this.pool > 1 ? tf.avgPool(x, this.pool, this.pool, 'same') : x;
      return convNorm(this.conv, this.norm, pooled);
    });
  }
}
