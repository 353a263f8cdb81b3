// Fast pyramid pooling on part of the channels (YOLOv6 v3.0; MMYOLO's CSPSPPFBottleneck): three convolutions, the same pooling three
// times in a row, two convolutions; the other part goes around them.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { poolAround } from './spp-bottleneck';

export interface CSPSPPFBottleneckConfig {
  inChannels: number;
  outChannels: number;
  kernelSize?: number;
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

const NAMES = ['conv1', 'conv3', 'conv4', 'conv2', 'conv5', 'conv6', 'conv7'] as const;

/** @example new CSPSPPFBottleneck({ inChannels: 512, outChannels: 512, normCfg: { type: 'BN' }, actCfg: { type: 'ReLU' } }) */
export class CSPSPPFBottleneck extends Module {
  private readonly convs: Record<(typeof NAMES)[number], ConvModule>;
  private readonly kernelSize: number;

  constructor({ inChannels, outChannels, kernelSize = 5, normCfg, actCfg }: CSPSPPFBottleneckConfig) {
    super();
    this.kernelSize = kernelSize;
    const mid = inChannels >> 1;
    const conv = (from: number, to: number, size: number) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: size, padding: size >> 1, normCfg, actCfg });
    this.convs = {
      conv1: conv(inChannels, mid, 1),
      conv3: conv(mid, mid, 3),
      conv4: conv(mid, mid, 1),
      conv2: conv(inChannels, mid, 1),
      conv5: conv(4 * mid, mid, 1),
      conv6: conv(mid, mid, 3),
      conv7: conv(2 * mid, outChannels, 1),
    };
    for (const name of NAMES) this.addChild(name, this.convs[name]);
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const { conv1, conv2, conv3, conv4, conv5, conv6, conv7 } = this.convs;
      const pooled = [conv4.forward(conv3.forward(conv1.forward(x)))];
      for (let i = 0; i < 3; i++) pooled.push(poolAround(pooled[i], this.kernelSize));
      return conv7.forward([conv2.forward(x), conv6.forward(conv5.forward(pooled))]);
    });
  }
}
