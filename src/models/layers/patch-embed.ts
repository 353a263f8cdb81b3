// An image cut into patches, each a vector by one convolution (Dosovitskiy et al., ICLR 2021), with an optional norm.
// What does not fill a patch is padded with zeros, at the far edges (`corner`) or on both sides (`same`).

import * as tf from '@tensorflow/tfjs';
import { Conv2d } from '../../nn/conv2d';
import { buildLayerNorm, type LayerNorm, type LayerNormCfg } from '../../nn/layer-norm';
import { Module } from '../../nn/module';

export interface PatchEmbedConfig {
  inChannels?: number;
  embedDims: number;
  kernelSize: number;
  stride?: number;
  padding?: 'corner' | 'same' | number;
  dilation?: number;
  bias?: boolean;
  normCfg?: LayerNormCfg | null;
}

/**
 * @example new PatchEmbed({ embedDims: 96, kernelSize: 4, normCfg: { type: 'LN' } }).forward(images) // [N, H/4, W/4, 96]
 */
export class PatchEmbed extends Module {
  readonly stride: number;
  private readonly projection: Conv2d;
  private readonly norm?: LayerNorm;
  private readonly padding: 'corner' | 'same' | number;
  /** Pixels that a kernel spans. */
  private readonly span: number;

  constructor(config: PatchEmbedConfig) {
    super();
    const { inChannels = 3, embedDims, kernelSize, stride = kernelSize, padding = 'corner', dilation = 1 } = config;
    this.stride = stride;
    this.padding = padding;
    this.span = (kernelSize - 1) * dilation + 1;
    const sizes = { inChannels, outChannels: embedDims, kernelSize, stride, dilation, bias: config.bias };
    const conv = new Conv2d({ ...sizes, padding: typeof padding === 'number' ? padding : 0 });
    this.projection = this.addChild('projection', conv);
    if (config.normCfg) this.norm = this.addChild('norm', buildLayerNorm(config.normCfg, embedDims));
  }

  /** Patches along an axis of `length` pixels. */
  count(length: number): number {
    const padded = typeof this.padding === 'number' ? length + 2 * this.padding : length + this.missing(length);
    return Math.floor((padded - this.span) / this.stride) + 1;
  }

  private missing(length: number): number {
    return Math.max((Math.ceil(length / this.stride) - 1) * this.stride + this.span - length, 0);
  }

  /** [N, H, W, C] -> [N, H / stride, W / stride, embedDims]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let y = x;
      if (typeof this.padding === 'string') {
        const [bottom, right] = [this.missing(x.shape[1]), this.missing(x.shape[2])];
        const before = (all: number) => (this.padding === 'same' ? Math.floor(all / 2) : 0);
        if (bottom > 0 || right > 0)
          y = tf.pad4d(x, [
            [0, 0],
            [before(bottom), bottom - before(bottom)],
            [before(right), right - before(right)],
            [0, 0],
          ]);
      }
      const patches = this.projection.forward(y);
      return this.norm ? this.norm.forward(patches) : patches;
    });
  }
}
