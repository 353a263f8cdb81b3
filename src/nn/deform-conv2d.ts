// Deformable convolution layers whose offsets come from outside: v1 (Dai et al., ICCV 2017; never a bias) and the
// modulated v2 (Zhu et al., CVPR 2019). The layers that predict their own offsets are in deform-conv2d-pack.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { deformConv2d } from '../ops/deform-conv2d';
import type { Conv2dConfig } from './conv2d';
import { type Initializer, kaiming, uniform, zeros } from './initializers';
import { Module, type Parameter } from './module';

export interface DeformConv2dConfig extends Omit<Conv2dConfig, 'init' | 'biasInit'> {
  /** Parts of the input channels that have offsets of their own. */
  deformGroups?: number;
}

const pair = (v: number | [number, number]): [number, number] => (typeof v === 'number' ? [v, v] : v);

/** What mmcv's v1 starts from. */
export const deformInit: Initializer = kaiming({ mode: 'fan_in', distribution: 'uniform' });

/** What mmcv's v2 starts from: +-1 / sqrt(inputs of one output over all groups). */
export function modulatedInit({
  inChannels,
  kernelSize,
}: Pick<Conv2dConfig, 'inChannels' | 'kernelSize'>): Initializer {
  const [kh, kw] = pair(kernelSize);
  const bound = 1 / Math.sqrt(inChannels * kh * kw);
  return uniform(-bound, bound);
}

abstract class DeformableLayer extends Module {
  abstract readonly weight: Parameter;
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
        throw new DetLabError(`Cannot build a deformable convolution: ${name} ${count} is no multiple of ${divisor}`);
    this.config = config;
    this.kernelSize = pair(config.kernelSize);
  }

  protected filterShape(): number[] {
    const { inChannels, outChannels, groups = 1 } = this.config;
    return [...this.kernelSize, inChannels / groups, outChannels];
  }

  protected convolve(x: tf.Tensor4D, offset: tf.Tensor4D, mask?: tf.Tensor4D, bias?: tf.Tensor): tf.Tensor4D {
    const { stride = 1, padding = 0, dilation = 1, groups, deformGroups } = this.config;
    return deformConv2d(x, offset, this.weight.variable as tf.Tensor as tf.Tensor4D, {
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
 * Offsets [N, H', W', 2 * deformGroups * taps]: down, right, tap after tap.
 *
 * @throws DetLabError when asked for a bias, which v1 does not have.
 * @example new DeformConv2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x, offset)
 */
export class DeformConv2d extends DeformableLayer {
  readonly layerNames = ['DeformConv2d'];
  readonly weight: Parameter;

  constructor(config: DeformConv2dConfig) {
    super(config);
    if (config.bias)
      throw new DetLabError('Cannot build DeformConv2d with a bias: deformable convolution v1 has none. Use DCNv2');
    this.weight = this.addParameter('weight', this.filterShape(), deformInit, { kind: 'conv' });
  }

  /** A map smaller than the filter is padded below and right, and what the padding adds is cut off again. */
  forward(x: tf.Tensor4D, offset: tf.Tensor4D): tf.Tensor4D {
    const [below, right] = [0, 1].map((axis) => Math.max(this.kernelSize[axis] - x.shape[1 + axis], 0));
    if (below === 0 && right === 0) return this.convolve(x, offset);
    return tf.tidy(() => {
      const pad = (t: tf.Tensor4D): tf.Tensor4D =>
        tf.pad(t, [
          [0, 0],
          [0, below],
          [0, right],
          [0, 0],
        ]);
      const y = this.convolve(pad(x), pad(offset));
      const [n, height, width, channels] = y.shape;
      return tf.slice(y, [0, 0, 0, 0], [n, height - below, width - right, channels]);
    });
  }
}

/**
 * Beside the offsets a weight for each tap, `mask` [N, H', W', deformGroups * taps].
 *
 * @example new ModulatedDeformConv2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x, offset, mask)
 */
export class ModulatedDeformConv2d extends DeformableLayer {
  readonly layerNames = ['ModulatedDeformConv2d'];
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(config: DeformConv2dConfig) {
    super(config);
    this.weight = this.addParameter('weight', this.filterShape(), modulatedInit(config), { kind: 'conv' });
    if (config.bias ?? true) this.bias = this.addParameter('bias', [config.outChannels], zeros);
  }

  forward(x: tf.Tensor4D, offset: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
    return this.convolve(x, offset, mask, this.bias?.variable);
  }
}
