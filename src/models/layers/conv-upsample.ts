// ConvUpsample: 3x3 convolutions, each of the first ones followed by an enlargement to twice the size (Kirillov et al., Panoptic Feature
// Pyramid Networks, CVPR 2019).

import * as tf from '@tensorflow/tfjs';
import { type ConvCfg, ConvModule, Module, ModuleList, type NormCfg } from '../../nn';
import { interpolate } from '../../ops';

export interface ConvUpsampleConfig {
  inChannels: number;
  channels: number;
  layers: number;
  /** Enlargements, after the first so many layers. */
  upsamplings: number;
  convCfg?: ConvCfg | null;
  normCfg?: NormCfg | null;
}

export class ConvUpsample extends Module {
  private readonly convs: ModuleList<ConvModule>;
  private readonly upsamplings: number;

  constructor({ inChannels, channels, layers, upsamplings, convCfg, normCfg }: ConvUpsampleConfig) {
    super();
    this.upsamplings = upsamplings;
    const conv = (_: unknown, i: number) =>
      new ConvModule({
        inChannels: i === 0 ? inChannels : channels,
        outChannels: channels,
        kernelSize: 3,
        padding: 1,
        convCfg,
        normCfg,
      });
    this.convs = this.addChild('conv', new ModuleList(Array.from({ length: layers }, conv)));
  }

  /** [N, H, W, inChannels] -> [N, 2^u H, 2^u W, channels], u the number of enlargements. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let y = x;
      for (const [i, conv] of [...this.convs].entries()) {
        y = conv.forward(y);
        if (i < this.upsamplings) y = interpolate(y, { scaleFactor: 2, mode: 'bilinear', alignCorners: false });
      }
      return y;
    });
  }
}
