// Deformable convolution layers with given offsets: v1 (Dai et al., ICCV 2017; without bias) and the modulated v2 (Zhu et al.,
// CVPR 2019). The layers that predict their offsets are in deform-conv2d-pack.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { deformConv2d } from '../ops/deform-conv2d';
import type { Conv2dConfig } from './conv2d';
import { type Initializer, kaiming, uniform, zeros } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `DeformConv2d`. */
export interface DeformConv2dConfig extends Omit<Conv2dConfig, 'init' | 'biasInit'> {
  /** Groups of input channels with separate offsets. */
  deformGroups?: number;
}

const pair = (v: number | [number, number]): [number, number] => (typeof v === 'number' ? [v, v] : v);

/** mmcv's initialisation of v1. */
export const deformInit: Initializer = kaiming({ mode: 'fan_in', distribution: 'uniform' });

/** mmcv's initialisation of v2: uniform in +-1 / sqrt(fan_in over all groups). */
export function modulatedInit({
  inChannels,
  kernelSize,
}: Pick<Conv2dConfig, 'inChannels' | 'kernelSize'>): Initializer {
  const [kh, kw] = pair(kernelSize);
  const bound = 1 / Math.sqrt(inChannels * kh * kw);
  return uniform(-bound, bound);
}

abstract class DeformableLayer extends Module {
  abstract readonly weight: Parameter<tf.Rank.R4>;
  protected readonly config: DeformConv2dConfig;
  protected readonly kernelSize: [number, number];

  constructor(config: DeformConv2dConfig) {
    super();
    const { inChannels, outChannels, groups = 1, deformGroups = 1 } = config;
    for (const [name, count, divisor] of [
      ['in_channels', inChannels, groups],
      ['out_channels', outChannels, groups],
      ['in_channels', inChannels, deformGroups],
    ] as const)
      if (count % divisor !== 0)
        throw new DetLabError(
          `Cannot build a deformable convolution: expected ${name} divisible by ${divisor}, received ${count}`,
        );
    this.config = config;
    this.kernelSize = pair(config.kernelSize);
  }

  protected filterShape(): [kh: number, kw: number, inputs: number, outputs: number] {
    const { inChannels, outChannels, groups = 1 } = this.config;
    return [...this.kernelSize, inChannels / groups, outChannels];
  }

  protected convolve(x: tf.Tensor4D, offset: tf.Tensor4D, mask?: tf.Tensor4D, bias?: tf.Tensor): tf.Tensor4D {
    const { stride = 1, padding = 0, dilation = 1, groups, deformGroups } = this.config;
    return deformConv2d(x, offset, this.weight.variable, {
      strides: pair(stride),
      padding: pair(padding),
      dilations: pair(dilation),
      groups,
      deformGroups,
      mask,
      bias,
    });
  }
}

/**
 * Offsets [N, H', W', 2 * deformGroups * taps]: (y, x) per tap.
 *
 * @throws DetLabError for a bias, which v1 does not have.
 * @example new DeformConv2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x, offset)
 */
export class DeformConv2d extends DeformableLayer {
  readonly layerNames = ['DeformConv2d'];
  readonly weight: Parameter<tf.Rank.R4>;

  constructor(config: DeformConv2dConfig) {
    super(config);
    if (config.bias)
      throw new DetLabError('Cannot build DeformConv2d with a bias: deformable convolution v1 has none. Use DCNv2');
    this.weight = this.addParameter('weight', this.filterShape(), deformInit, { kind: 'conv' });
  }

  /**
   * An input smaller than the filter is padded at the bottom and right, and the output cropped accordingly; where the padding of
   * the convolution is enough, that changes nothing.
   */
  forward(x: tf.Tensor4D, offset: tf.Tensor4D): tf.Tensor4D {
    const [kh, kw] = this.kernelSize;
    const [py, px] = pair(this.config.padding ?? 0);
    const bottom = x.shape[1] + 2 * py < kh ? kh - x.shape[1] : 0;
    const right = x.shape[2] + 2 * px < kw ? kw - x.shape[2] : 0;
    if (bottom === 0 && right === 0) return this.convolve(x, offset);
    return tf.tidy(() => {
      const pad = (t: tf.Tensor4D): tf.Tensor4D =>
        tf.pad(t, [
          [0, 0],
          [0, bottom],
          [0, right],
          [0, 0],
        ]);
      const y = this.convolve(pad(x), pad(offset));
      const [n, height, width, channels] = y.shape;
      return tf.slice(y, [0, 0, 0, 0], [n, height - bottom, width - right, channels]);
    });
  }
}

/**
 * Offsets, and a modulation mask [N, H', W', deformGroups * taps].
 *
 * @example new ModulatedDeformConv2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x, offset, mask)
 */
export class ModulatedDeformConv2d extends DeformableLayer {
  readonly layerNames = ['ModulatedDeformConv2d'];
  readonly weight: Parameter<tf.Rank.R4>;
  readonly bias?: Parameter<tf.Rank.R1>;

  constructor(config: DeformConv2dConfig) {
    super(config);
    this.weight = this.addParameter('weight', this.filterShape(), modulatedInit(config), { kind: 'conv' });
    if (config.bias ?? true) this.bias = this.addParameter('bias', [config.outChannels], zeros);
  }

  forward(x: tf.Tensor4D, offset: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
    return this.convolve(x, offset, mask, this.bias?.variable);
  }
}
