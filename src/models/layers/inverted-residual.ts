// Inverted residual block (Sandler et al., MobileNetV2, CVPR 2018): 1x1 up, depthwise, 1x1 down without an activation, and
// a shortcut where nothing changes shape.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, ConvCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

export interface InvertedResidualConfig {
  inChannels: number;
  outChannels: number;
  midChannels: number;
  kernelSize?: number;
  stride?: 1 | 2;
  /** False: no 1x1 up; `midChannels` are then the input's. */
  expand?: boolean;
  convCfg?: ConvCfg | null;
  normCfg?: NormCfg | null;
  actCfg?: ActCfg;
}

/**
 * @example new InvertedResidual({ inChannels: 16, outChannels: 24, midChannels: 96, stride: 2 }).forward(x)
 */
export class InvertedResidual extends Module {
  private readonly expandConv?: ConvModule;
  private readonly depthwise: ConvModule;
  private readonly linear: ConvModule;
  private readonly shortcut: boolean;

  constructor(config: InvertedResidualConfig) {
    super();
    const { inChannels, outChannels, midChannels, kernelSize = 3, stride = 1, expand = true } = config;
    const layers = { convCfg: config.convCfg, normCfg: config.normCfg ?? { type: 'BN' as const } };
    const actCfg = config.actCfg ?? { type: 'ReLU' as const };
    this.shortcut = stride === 1 && inChannels === outChannels;
    if (expand) {
      const up = { inChannels, outChannels: midChannels, kernelSize: 1, ...layers, actCfg };
      this.expandConv = this.addChild('expand_conv', new ConvModule(up));
    }
    const depthwise = { inChannels: midChannels, outChannels: midChannels, groups: midChannels, kernelSize, stride };
    const padding = Math.floor(kernelSize / 2);
    this.depthwise = this.addChild('depthwise_conv', new ConvModule({ ...depthwise, padding, ...layers, actCfg }));
    const down = { inChannels: midChannels, outChannels, kernelSize: 1, ...layers, actCfg: null };
    this.linear = this.addChild('linear_conv', new ConvModule(down));
  }

  /** [N, H, W, Cin] -> [N, H / stride, W / stride, Cout]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.depthwise.forward(this.expandConv ? this.expandConv.forward(x) : x);
      return this.linear.forward(y, { residual: this.shortcut ? x : undefined });
    });
  }
}
