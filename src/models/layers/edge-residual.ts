// Edge residual block of EfficientNet-EdgeTPU (Gupta and Akin, 2020): a k x k convolution up in place of an inverted residual's 1x1 and
// depthwise ones, then 1x1 down. As in MMDetection the stride is that of the 1x1.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Dropout } from '../../nn/dropout';
import type { ActCfg, ConvCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

export interface EdgeResidualConfig {
  inChannels: number;
  outChannels: number;
  midChannels: number;
  kernelSize: number;
  stride: number;
  withResidual: boolean;
  /** Probability of dropping the branch of a sample. */
  dropPath: number;
  convCfg?: ConvCfg | null;
  normCfg: NormCfg;
  actCfg: ActCfg;
}

export class EdgeResidual extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly path: Dropout;
  private readonly shortcut: boolean;

  constructor(config: EdgeResidualConfig) {
    super();
    const { inChannels, outChannels, midChannels, kernelSize, stride, convCfg, normCfg, actCfg } = config;
    const padding = Math.floor(kernelSize / 2);
    const layers = { convCfg, normCfg };
    this.shortcut = stride === 1 && inChannels === outChannels && config.withResidual;
    this.path = this.addChild('drop_path', new Dropout({ type: 'DropPath', drop_prob: config.dropPath }));
    this.conv1 = this.addChild(
      'conv1',
      new ConvModule({ inChannels, outChannels: midChannels, kernelSize, padding, ...layers, actCfg }),
    );
    this.conv2 = this.addChild(
      'conv2',
      new ConvModule({ inChannels: midChannels, outChannels, kernelSize: 1, stride, ...layers, actCfg: null }),
    );
  }

  /** [N, H, W, Cin] -> [N, H / stride, W / stride, Cout]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.conv1.forward(x);
      if (!this.shortcut) return this.conv2.forward(y);
      return this.path.rate > 0 && this.training
        ? tf.add(x, this.path.forward(this.conv2.forward(y)))
        : this.conv2.forward(y, { residual: x });
    });
  }
}
