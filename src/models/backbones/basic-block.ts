// Residual block of ResNet-18 and -34 (He et al., CVPR 2016): two 3x3 convolutions and a shortcut.

import * as tf from '@tensorflow/tfjs';
import { buildConv } from '../../nn/build-conv';
import { convNorm, type Norm, startAtZero } from '../../nn/conv-norm';
import type { Conv2d, Conv2dConfig } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { buildNorm, type ConvCfg, type NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import type { PluginOption } from '../layers/block-plugins';
import type { Downsample } from './downsample';

/** What every residual block is built from. */
export interface BlockConfig {
  inPlanes: number;
  /** Nominal width. */
  planes: number;
  /** Channels out; `planes` times the block's expansion. */
  outPlanes?: number;
  /** Width inside a bottleneck; `planes`. */
  width?: number;
  groups?: number;
  stride: number;
  dilation: number;
  style: 'pytorch' | 'caffe';
  convCfg?: ConvCfg | null;
  normCfg: NormCfg;
  /** Kind of the 3x3 convolution where it is another (deformable). */
  middleCfg?: ConvCfg | null;
  /** Builds the 3x3 convolution of a bottleneck where it is of no kind that configs name (TridentNet). */
  buildMiddle?: (config: Conv2dConfig) => Conv2d;
  plugins?: readonly PluginOption[];
  downsample?: Downsample;
  /** The last norm starts from zero, so that the block starts as the identity. */
  zeroInit: boolean;
  /** The first of its stage. */
  first?: boolean;
}

export class BasicBlock extends Module {
  static readonly expansion = 1;
  private readonly conv1: Conv2d;
  private readonly norm1: Norm;
  private readonly conv2: Conv2d;
  private readonly norm2: Norm;
  private readonly downsample?: Downsample;

  constructor({ inPlanes, planes, stride, dilation, convCfg, normCfg, downsample, zeroInit }: BlockConfig) {
    super();
    const first = buildNorm(normCfg, planes);
    const second = buildNorm(normCfg, planes);
    const shared = { outChannels: planes, kernelSize: 3, bias: false, init: kaiming() };
    this.conv1 = this.addChild(
      'conv1',
      buildConv(convCfg, { ...shared, inChannels: inPlanes, stride, padding: dilation, dilation }),
    );
    this.norm1 = this.addChild(`${first.name}1`, first.norm);
    this.conv2 = this.addChild('conv2', buildConv(convCfg, { ...shared, inChannels: planes, padding: 1 }));
    this.norm2 = this.addChild(`${second.name}2`, second.norm);
    if (zeroInit) startAtZero(this.norm2);
    if (downsample) this.downsample = this.addChild('downsample', downsample);
  }

  /** [N, H, W, inPlanes] -> [N, H / stride, W / stride, planes]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const residual = this.downsample ? this.downsample.forward(x) : x;
      const y = convNorm(this.conv1, this.norm1, x, { activation: 'relu' });
      return convNorm(this.conv2, this.norm2, y, { residual, activation: 'relu' });
    });
  }
}
