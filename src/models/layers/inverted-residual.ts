// Inverted residual block (Sandler et al., MobileNetV2, CVPR 2018): 1x1 up, depthwise, 1x1 down without an activation, and
// a shortcut where nothing changes shape. EfficientNet's (Tan and Le, ICML 2019) weighs channels before the last.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Dropout } from '../../nn/dropout';
import type { ActCfg, ConvCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { SELayer, type SELayerConfig } from './se-layer';

export interface InvertedResidualConfig {
  inChannels: number;
  outChannels: number;
  midChannels: number;
  kernelSize?: number;
  stride?: number;
  /** False: no 1x1 up; `midChannels` are then the input's. */
  expand?: boolean;
  /** Weights of channels after the depthwise convolution (EfficientNet). */
  se?: Pick<SELayerConfig, 'ratio' | 'actCfg'>;
  /** Probability of dropping the branch of a sample. */
  dropPath?: number;
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
  private readonly se?: SELayer;
  private readonly linear: ConvModule;
  private readonly path?: Dropout;
  private readonly shortcut: boolean;

  constructor(config: InvertedResidualConfig) {
    super();
    const { inChannels, outChannels, midChannels, kernelSize = 3, stride = 1, expand = true } = config;
    const layers = { convCfg: config.convCfg, normCfg: config.normCfg ?? { type: 'BN' as const } };
    const actCfg = config.actCfg ?? { type: 'ReLU' as const };
    this.shortcut = stride === 1 && inChannels === outChannels;
    if (config.dropPath)
      this.path = this.addChild('drop_path', new Dropout({ type: 'DropPath', drop_prob: config.dropPath }));
    if (expand) {
      const up = { inChannels, outChannels: midChannels, kernelSize: 1, ...layers, actCfg };
      this.expandConv = this.addChild('expand_conv', new ConvModule(up));
    }
    const depthwise = { inChannels: midChannels, outChannels: midChannels, groups: midChannels, kernelSize, stride };
    const padding = Math.floor(kernelSize / 2);
    this.depthwise = this.addChild('depthwise_conv', new ConvModule({ ...depthwise, padding, ...layers, actCfg }));
    if (config.se) this.se = this.addChild('se', new SELayer({ channels: midChannels, ...config.se }));
    const down = { inChannels: midChannels, outChannels, kernelSize: 1, ...layers, actCfg: null };
    this.linear = this.addChild('linear_conv', new ConvModule(down));
  }

  /** [N, H, W, Cin] -> [N, H / stride, W / stride, Cout]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const taps = this.depthwise.forward(this.expandConv ? this.expandConv.forward(x) : x);
      const y = this.se ? this.se.forward(taps) : taps;
      if (this.shortcut && this.path?.training) return tf.add(x, this.path.forward(this.linear.forward(y)));
      return this.linear.forward(y, { residual: this.shortcut ? x : undefined });
    });
  }
}
