// Swin's downsampling (Liu et al., ICCV 2021): 2x2 neighbours become one vector of four times the channels, normalised and
// reduced. The order inside is PyTorch's Unfold: channel, row, column.

import * as tf from '@tensorflow/tfjs';
import { buildLayerNorm, type LayerNorm, type LayerNormCfg } from '../../nn/layer-norm';
import { Linear } from '../../nn/linear';
import { Module } from '../../nn/module';
import { everyNth } from '../../ops/every-nth';

export interface PatchMergingConfig {
  inChannels: number;
  outChannels: number;
  /** Pixels between two patches; a patch is always 2x2. */
  stride?: number;
  normCfg?: LayerNormCfg | null;
  init?: ConstructorParameters<typeof Linear>[0]['init'];
}

/**
 * @example new PatchMerging({ inChannels: 96, outChannels: 192 }).forward(x) // [N, H/2, W/2, 192]
 */
export class PatchMerging extends Module {
  private readonly norm?: LayerNorm;
  private readonly reduction: Linear;
  private readonly stride: number;

  constructor({ inChannels, outChannels, stride = 2, normCfg = { type: 'LN' }, init }: PatchMergingConfig) {
    super();
    this.stride = stride;
    if (normCfg) this.norm = this.addChild('norm', buildLayerNorm(normCfg, 4 * inChannels));
    const linear = new Linear({ inFeatures: 4 * inChannels, outFeatures: outChannels, bias: false, init });
    this.reduction = this.addChild('reduction', linear);
  }

  /** [N, H, W, Cin] -> [N, H / stride, W / stride, Cout], sizes rounded up. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const [n, h, w, c] = x.shape;
      const size: [number, number] = [Math.ceil(h / this.stride), Math.ceil(w / this.stride)];
      const corners = [0, 1].flatMap((top) => [0, 1].map((left) => everyNth(x, this.stride, [top, left], size)));
      const joined: tf.Tensor4D = tf.stack(corners, 4).reshape([n, ...size, 4 * c]);
      return this.reduction.forward(this.norm ? this.norm.forward(joined) : joined);
    });
  }
}
