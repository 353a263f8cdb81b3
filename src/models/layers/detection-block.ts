// The convolutions on one level of YOLOv3's and YOLOv4's necks (Redmon and Farhadi, 2018): 1x1 and 3x3 in turn, with twice the
// channels in between.

import * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import type { FeatureMaps } from '../../ops/join-maps';

/**
 * @example new DetectionBlock(512, 256, {}).forward(x) // [N, H, W, 512] -> [N, H, W, 256]
 */
export class DetectionBlock extends Module {
  private readonly convs: ConvModule[];

  /** @param count an odd number of convolutions */
  constructor(
    inChannels: number,
    channels: number,
    layers: Pick<ConvModuleConfig, 'convCfg' | 'normCfg' | 'actCfg'>,
    count = 5,
  ) {
    super();
    this.convs = Array.from({ length: count }, (_, i) => {
      const wide = i % 2 === 1;
      const from = i === 0 ? inChannels : wide ? channels : 2 * channels;
      const shape = { kernelSize: wide ? 3 : 1, padding: wide ? 1 : 0 };
      const conv = new ConvModule({
        inChannels: from,
        outChannels: wide ? 2 * channels : channels,
        ...shape,
        ...layers,
      });
      return this.addChild(`conv${i + 1}`, conv);
    });
  }

  /** Several maps are read as one, those of half the size repeated. */
  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => this.convs.reduce<FeatureMaps>((y, conv) => conv.forward(y), x) as tf.Tensor4D);
  }
}
