// Residual block of ResNet-50 and deeper (He et al., CVPR 2016): 1x1 down, 3x3, 1x1 up, and a shortcut. With groups it is
// ResNeXt's (Xie et al., CVPR 2017) and RegNet's. `style` places the stride: on the 3x3 (`pytorch`) or on the first 1x1
// (`caffe`). The 3x3 may be deformable; plugins follow a convolution's activation, after the third they precede the sum.

import * as tf from '@tensorflow/tfjs';
import { buildConv } from '../../nn/build-conv';
import { convNorm, type Norm, startAtZero } from '../../nn/conv-norm';
import type { Conv2d } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { buildNorm } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { buildPlugins, type Plugin, type PluginPosition } from '../layers/block-plugins';
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
  private readonly plugins: Record<PluginPosition, Plugin[]> = { after_conv1: [], after_conv2: [], after_conv3: [] };

  constructor(config: BlockConfig) {
    super();
    const { inPlanes, planes, stride, dilation, style, convCfg, normCfg, downsample } = config;
    const { outPlanes = planes * Bottleneck.expansion, width = planes, groups = 1, plugins = [] } = config;
    const [stride1, stride2] = style === 'pytorch' ? [1, stride] : [stride, 1];
    const shared = { bias: false, init: kaiming() };
    const pointwise = (name: string, inChannels: number, outChannels: number, step: number) =>
      this.addChild(name, buildConv(convCfg, { ...shared, inChannels, outChannels, kernelSize: 1, stride: step }));
    const norm = (index: number, channels: number) => {
      const built = buildNorm(normCfg, channels);
      return this.addChild(`${built.name}${index}`, built.norm);
    };
    this.conv1 = pointwise('conv1', inPlanes, width, stride1);
    this.norm1 = norm(1, width);
    const conv3x3 = {
      inChannels: width,
      outChannels: width,
      kernelSize: 3,
      stride: stride2,
      padding: dilation,
      dilation,
    };
    // a deformable convolution starts as its own kind does
    const init = config.middleCfg ? { bias: false } : shared;
    const middle = { ...init, ...conv3x3, groups };
    this.conv2 = this.addChild('conv2', config.buildMiddle?.(middle) ?? buildConv(config.middleCfg ?? convCfg, middle));
    this.norm2 = norm(2, width);
    this.conv3 = pointwise('conv3', width, outPlanes, 1);
    this.norm3 = norm(3, outPlanes);
    if (config.zeroInit) startAtZero(this.norm3);
    if (downsample) this.downsample = this.addChild('downsample', downsample);
    const channels = { after_conv1: width, after_conv2: width, after_conv3: outPlanes };
    for (const { position, name, module } of buildPlugins(plugins, channels))
      this.plugins[position].push(this.addChild(name, module));
  }

  /** [N, H, W, inPlanes] -> [N, H / stride, W / stride, outPlanes]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.compute(x, 'relu');
  }

  /** The block before its last activation. */
  protected sum(x: tf.Tensor4D): tf.Tensor4D {
    return this.compute(x, 'linear');
  }

  private compute(x: tf.Tensor4D, activation: 'linear' | 'relu'): tf.Tensor4D {
    return tf.tidy(() => {
      const residual = this.downsample ? this.downsample.forward(x) : x;
      const plugged = (y: tf.Tensor4D, at: PluginPosition) => this.plugins[at].reduce((z, p) => p.forward(z), y);
      const y1 = plugged(convNorm(this.conv1, this.norm1, x, { activation: 'relu' }), 'after_conv1');
      const y2 = plugged(convNorm(this.conv2, this.norm2, y1, { activation: 'relu' }), 'after_conv2');
      if (this.plugins.after_conv3.length === 0) return convNorm(this.conv3, this.norm3, y2, { residual, activation });
      const y = tf.add<tf.Tensor4D>(plugged(convNorm(this.conv3, this.norm3, y2), 'after_conv3'), residual);
      return activation === 'relu' ? tf.relu(y) : y;
    });
  }
}
