// AdaptiveConv: a 3x3 convolution whose taps are as far apart as the anchors are wide: by its dilation where all anchors of a level are
// equal, by offsets where they are not (Vu et al., Cascade RPN, NeurIPS 2019).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Conv2d, DeformConv2d, Module, normal, zeros } from '../../nn';

export const adaptCfg = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('dilation'),
    dilation: z.int().positive().default(3).describe('Distance of the taps, in cells'),
  }),
  z.strictObject({ type: z.literal('offset') }),
]);
export type AdaptCfg = z.output<typeof adaptCfg>;

export class AdaptiveConv extends Module {
  private readonly conv: Conv2d | DeformConv2d;

  constructor(inChannels: number, outChannels: number, cfg: AdaptCfg) {
    super();
    const layer = { inChannels, outChannels, kernelSize: 3 };
    const conv =
      cfg.type === 'dilation'
        ? new Conv2d({ ...layer, padding: cfg.dilation, dilation: cfg.dilation })
        : new DeformConv2d({ ...layer, padding: 1 });
    this.conv = this.addChild<Conv2d | DeformConv2d>('conv', conv);
  }

  /** Its weights start from N(0, 0.01), whatever the head's `init_cfg`. */
  initialize(): void {
    this.conv.weight.initializer = normal(0.01);
    if (this.conv instanceof Conv2d && this.conv.bias) this.conv.bias.initializer = zeros;
  }

  /** [N, H, W, in] -> [N, H, W, out]; `offsets` [N, H, W, 18] where the taps are placed by them. */
  forward(x: tf.Tensor4D, offsets?: tf.Tensor4D): tf.Tensor4D {
    return this.conv instanceof Conv2d ? this.conv.forward(x) : this.conv.forward(x, offsets!);
  }
}
