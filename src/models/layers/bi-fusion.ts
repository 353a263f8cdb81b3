// YOLOv6 v3.0's joint of three levels (Li et al., 2023; MMYOLO's BiFusion): the coarser one enlarged by a transposed convolution,
// the level itself, and the finer one made smaller by a strided convolution.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { ConvTranspose2d } from '../../nn/conv-transpose2d';
import type { ActCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

export interface BiFusionConfig {
  /** Of the level and of the finer one; the coarser one has `outChannels`. */
  channels: number;
  finerChannels: number;
  outChannels: number;
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

/** @example new BiFusion({ channels: 64, finerChannels: 32, outChannels: 64, normCfg, actCfg }).forward([coarse, x, fine]) */
export class BiFusion extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly conv3: ConvModule;
  private readonly upsample: ConvTranspose2d;
  private readonly downsample: ConvModule;

  constructor({ channels, finerChannels, outChannels, normCfg, actCfg }: BiFusionConfig) {
    super();
    const layers = { bias: false, normCfg, actCfg };
    const conv = (inChannels: number) => new ConvModule({ inChannels, outChannels, kernelSize: 1, ...layers });
    const same = { inChannels: outChannels, outChannels };
    this.conv1 = this.addChild('conv1', conv(channels));
    this.conv2 = this.addChild('conv2', conv(finerChannels));
    this.conv3 = this.addChild('conv3', conv(3 * outChannels));
    this.upsample = this.addChild('upsample', new ConvTranspose2d({ ...same, kernelSize: 2, stride: 2 }));
    this.downsample = this.addChild(
      'downsample',
      new ConvModule({ ...same, kernelSize: 3, stride: 2, padding: 1, ...layers }),
    );
  }

  /** Coarser, level and finer map, [N, H/2, W/2, outChannels], [N, H, W, channels], [N, 2 H, 2 W, finerChannels] -> the level. */
  forward([coarse, x, fine]: readonly tf.Tensor4D[]): tf.Tensor4D {
    return tf.tidy(() => {
      const finer = this.downsample.forward(this.conv2.forward(fine));
      return this.conv3.forward([this.upsample.forward(coarse), this.conv1.forward(x), finer]);
    });
  }
}
