// A convolution, its norm and perhaps a ReLU under the names 0 and 1 of PyTorch's Sequential, as HRNet has them.

import type * as tf from '@tensorflow/tfjs';
import { buildConv } from '../../nn/build-conv';
import { convNorm, type Norm } from '../../nn/conv-norm';
import type { Conv2d } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { buildNorm, type ConvCfg, type NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

export interface ConvNormSequenceConfig {
  inChannels: number;
  outChannels: number;
  kernelSize: 1 | 3;
  stride?: number;
  relu?: boolean;
  convCfg: ConvCfg | null;
  normCfg: NormCfg;
}

export class ConvNormSequence extends Module {
  private readonly conv: Conv2d;
  private readonly norm: Norm;
  private readonly activation: 'linear' | 'relu';

  constructor({ kernelSize, relu = false, convCfg, normCfg, ...sizes }: ConvNormSequenceConfig) {
    super();
    const padding = (kernelSize - 1) / 2;
    this.conv = this.addChild('0', buildConv(convCfg, { ...sizes, kernelSize, padding, bias: false, init: kaiming() }));
    this.norm = this.addChild('1', buildNorm(normCfg, sizes.outChannels).norm);
    this.activation = relu ? 'relu' : 'linear';
  }

  /** [N, H, W, Cin] -> [N, H / stride, W / stride, Cout]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return convNorm(this.conv, this.norm, x, { activation: this.activation });
  }
}
