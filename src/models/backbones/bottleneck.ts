// Residual block of ResNet-50 and deeper (He et al., CVPR 2016): 1x1 down, 3x3, 1x1 up, and a shortcut.
// `style` places the stride: on the 3x3 (`pytorch`) or on the first 1x1 (`caffe`).

import * as tf from '@tensorflow/tfjs';
import { convNorm, type Norm } from '../../nn/conv-norm';
import { Conv2d } from '../../nn/conv2d';
import { kaiming, zeros } from '../../nn/initializers';
import { buildNorm } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import type { BlockConfig } from './basic-block';
import type { Downsample } from './downsample';

export class Bottleneck extends Module {
  static readonly expansion = 4;
  private readonly conv1: Conv2d;
  private readonly norm1: Norm;
  private readonly conv2: Conv2d;
  private readonly norm2: Norm;
  private readonly conv3: Conv2d;
  private readonly norm3: Norm;
  private readonly downsample?: Downsample;

  constructor({ inPlanes, planes, stride, dilation, style, normCfg, downsample, zeroInit }: BlockConfig) {
    super();
    const outPlanes = planes * Bottleneck.expansion;
    const [stride1, stride2] = style === 'pytorch' ? [1, stride] : [stride, 1];
    const shared = { bias: false, init: kaiming() };
    const conv = (name: string, inChannels: number, outChannels: number, size: number, step: number, spread = 1) => {
      const padding = size === 3 ? spread : 0;
      const config = { ...shared, inChannels, outChannels, kernelSize: size, stride: step, padding, dilation: spread };
      return this.addChild(name, new Conv2d(config));
    };
    const norm = (index: number, channels: number) => {
      const built = buildNorm(normCfg, channels);
      return this.addChild(`${built.name}${index}`, built.norm);
    };
    this.conv1 = conv('conv1', inPlanes, planes, 1, stride1);
    this.norm1 = norm(1, planes);
    this.conv2 = conv('conv2', planes, planes, 3, stride2, dilation);
    this.norm2 = norm(2, planes);
    this.conv3 = conv('conv3', planes, outPlanes, 1, 1);
    this.norm3 = norm(3, outPlanes);
    if (zeroInit) this.norm3.weight.initializer = zeros;
    if (downsample) this.downsample = this.addChild('downsample', downsample);
  }

  /** [N, H, W, inPlanes] -> [N, H / stride, W / stride, planes * 4]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const residual = this.downsample ? this.downsample.forward(x) : x;
      const y1 = convNorm(this.conv1, this.norm1, x, { activation: 'relu' });
      const y2 = convNorm(this.conv2, this.norm2, y1, { activation: 'relu' });
      return convNorm(this.conv3, this.norm3, y2, { residual, activation: 'relu' });
    });
  }
}
