// The inverted residual block of EfficientNet under timm's names: 1x1 up, depthwise, weights of channels, 1x1 down. Without an expansion
// the first is left out, and norms are numbered accordingly.

import * as tf from '@tensorflow/tfjs';
import { BatchNorm2d } from '../../nn/batch-norm2d';
import { convNorm } from '../../nn/conv-norm';
import { Conv2d, type Conv2dConfig, type Epilogue } from '../../nn/conv2d';
import { type Initializer, normal } from '../../nn/initializers';
import { Module } from '../../nn/module';

export interface TimmInvertedResidualConfig {
  inChannels: number;
  outChannels: number;
  expansion: number;
  kernelSize: number;
  stride: number;
}

/** timm's for EfficientNet: fan_out counts the channels of a group. */
const start =
  (groups = 1): Initializer =>
  (shape, random) =>
    normal(Math.sqrt((2 * groups) / (shape[0] * shape[1] * shape[3])))(shape, random);

/** Convolution without a bias, as timm starts it. */
export const timmConv = (config: Conv2dConfig): Conv2d =>
  new Conv2d({
    ...config,
    bias: false,
    padding: Math.floor(Number(config.kernelSize) / 2),
    init: start(config.groups),
  });

export class TimmInvertedResidual extends Module {
  private readonly layers: (readonly [Conv2d, BatchNorm2d])[] = [];
  private readonly reduce: Conv2d;
  private readonly expand: Conv2d;
  private readonly shortcut: boolean;

  constructor({ inChannels, outChannels, expansion, kernelSize, stride }: TimmInvertedResidualConfig) {
    super();
    const mid = inChannels * expansion;
    this.shortcut = stride === 1 && inChannels === outChannels;
    const add = (name: string, config: Conv2dConfig) => {
      const conv = this.addChild(name, timmConv(config));
      const norm = new BatchNorm2d({ channels: config.outChannels });
      this.layers.push([conv, this.addChild(`bn${this.layers.length + 1}`, norm)]);
    };
    if (expansion !== 1) add('conv_pw', { inChannels, outChannels: mid, kernelSize: 1 });
    add('conv_dw', { inChannels: mid, outChannels: mid, kernelSize, stride, groups: mid });
    const squeezed = Math.round(inChannels / 4);
    const gate = (from: number, to: number) =>
      new Conv2d({ inChannels: from, outChannels: to, kernelSize: 1, init: start() });
    this.reduce = this.addChild('se.conv_reduce', gate(mid, squeezed));
    this.expand = this.addChild('se.conv_expand', gate(squeezed, mid));
    add(expansion !== 1 ? 'conv_pwl' : 'conv_pw', { inChannels: mid, outChannels, kernelSize: 1 });
  }

  /** [N, H, W, Cin] -> [N, H / stride, W / stride, Cout]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const run = (y: tf.Tensor4D, [conv, norm]: readonly [Conv2d, BatchNorm2d], epilogue: Epilogue) =>
        convNorm(conv, norm, y, epilogue);
      const last = this.layers[this.layers.length - 1];
      const y = this.layers.slice(0, -1).reduce((map, layer) => run(map, layer, { activation: 'silu' }), x);
      const pooled = tf.mean<tf.Tensor4D>(y, [1, 2], true); // [N, 1, 1, C]
      const gate = tf.sigmoid(this.expand.forward(this.reduce.forward(pooled, { activation: 'silu' })));
      return run(tf.mul(y, gate), last, { residual: this.shortcut ? x : undefined });
    });
  }
}
