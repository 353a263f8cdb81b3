// YOLOv7's pyramid pooling (Wang et al., CVPR 2023; MMYOLO's SPPFCSPBlock): poolings of 5, 9 and 13 pixels between convolutions, and
// a 1x1 convolution around them. The tiny model has fewer convolutions and joins the poolings in the other order.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { scaled } from '../shared-options/scale-model';
import { poolAround } from './spp-bottleneck';

export interface SPPFCSPBlockConfig {
  inChannels: number;
  outChannels: number;
  /** Hidden over twice the output channels. */
  expandRatio?: number;
  isTiny?: boolean;
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

/** @example new SPPFCSPBlock({ inChannels: 1024, outChannels: 512, normCfg: { type: 'BN' }, actCfg: { type: 'SiLU' } }) */
export class SPPFCSPBlock extends Module {
  private readonly main: ConvModule | Sequential<ConvModule>;
  private readonly fuse: ConvModule | Sequential<ConvModule>;
  private readonly short: ConvModule;
  private readonly final: ConvModule;
  private readonly isTiny: boolean;

  constructor(config: SPPFCSPBlockConfig) {
    super();
    const { inChannels, outChannels, expandRatio = 0.5, isTiny = false, normCfg, actCfg } = config;
    this.isTiny = isTiny;
    const mid = scaled(2 * outChannels, expandRatio);
    const conv = (from: number, to: number, kernelSize: 1 | 3 = 1) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize, padding: kernelSize >> 1, normCfg, actCfg });
    const [first, joined] = [conv(inChannels, mid), conv(4 * mid, mid)];
    const main = isTiny ? first : new Sequential([first, conv(mid, mid, 3), conv(mid, mid)]);
    this.main = this.addChild('main_layers', main);
    this.fuse = this.addChild('fuse_layers', isTiny ? joined : new Sequential([joined, conv(mid, mid, 3)]));
    this.short = this.addChild('short_layer', conv(inChannels, mid));
    this.final = this.addChild('final_conv', conv(2 * mid, outChannels));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const pooled = [this.main.forward(x)];
      for (let i = 0; i < 3; i++) pooled.push(poolAround(pooled[i], 5));
      const fused = (this.fuse as ConvModule).forward(this.isTiny ? pooled.reverse() : pooled);
      return this.final.forward([fused, this.short.forward(x)]);
    });
  }
}
