// Deformable convolution as a drop-in replacement (`conv_cfg: { type: 'DCN' }`, `{ type: 'DCNv2' }`): a zero-initialised
// branch `conv_offset` predicts the offsets (and in v2 the modulation masks) from the same input.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { activateFused } from '../ops/activate';
import { deformConv2d } from '../ops/deform-conv2d';
import { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';
import { deformInit, modulatedInit } from './deform-conv2d';
import { zeros } from './initializers';

/** Options of `DeformConv2dPack`. */
export interface DeformConv2dPackConfig extends Conv2dConfig {
  /** Groups of input channels with separate offsets. */
  deformGroups?: number;
}

abstract class DeformablePack extends Conv2d {
  protected readonly deformGroups: number;
  protected abstract readonly convOffset: Conv2d;

  constructor(config: DeformConv2dPackConfig) {
    super(config);
    this.deformGroups = config.deformGroups ?? 1;
    for (const [name, divisor] of [
      ['groups', this.groups],
      ['deform_groups', this.deformGroups],
    ] as const)
      if (this.inChannels % divisor !== 0)
        throw new DetLabError(
          `Cannot build a deformable convolution: expected in_channels divisible by ${name} ${divisor}, received ${this.inChannels}`,
        );
  }

  /** The branch that predicts `perTap` values per tap. */
  protected offsetBranch(perTap: number): Conv2d {
    const { inChannels, kernelSize, stride, padding, dilation } = this;
    const outChannels = this.deformGroups * perTap * kernelSize[0] * kernelSize[1];
    const shared = { inChannels, kernelSize, stride, padding, dilation };
    return this.addChild('conv_offset', new Conv2d({ ...shared, outChannels, init: zeros, biasInit: zeros }));
  }

  /** Splits the output of the branch into offsets and masks. */
  protected abstract splitPrediction(prediction: tf.Tensor4D): { offset: tf.Tensor4D; mask?: tf.Tensor4D };

  override run(x: tf.Tensor4D, options: Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor }): tf.Tensor4D {
    const { bias, scale, residual, activation } = options;
    return tf.tidy(() => {
      const { offset, mask } = this.splitPrediction(this.convOffset.forward(x));
      const weight: tf.Tensor4D = this.weight.variable;
      let y = deformConv2d(x, offset, scale ? tf.mul(weight, scale) : weight, {
        strides: this.stride,
        padding: this.padding,
        dilations: this.dilation,
        groups: this.groups,
        deformGroups: this.deformGroups,
        mask,
        bias,
      });
      if (residual) y = tf.add(y, residual);
      return activateFused(y, activation);
    });
  }
}

/**
 * Version 1, mmcv's `DCN`.
 *
 * @throws DetLabError for a bias, which v1 does not have.
 * @example new DeformConv2dPack({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1, bias: false }).forward(x)
 */
export class DeformConv2dPack extends DeformablePack {
  override readonly layerNames = ['DeformConv2dPack', 'DeformConv2d'];
  protected readonly convOffset: Conv2d;

  constructor(config: DeformConv2dPackConfig) {
    if (config.bias)
      throw new DetLabError(
        'Cannot build DCN with a bias: deformable convolution v1 has none. Give the layer a norm_cfg, or use DCNv2',
      );
    super({ ...config, bias: false, init: config.init ?? deformInit });
    this.convOffset = this.offsetBranch(2);
  }

  protected splitPrediction(prediction: tf.Tensor4D): { offset: tf.Tensor4D } {
    return { offset: prediction };
  }
}

/**
 * Version 2, mmcv's `DCNv2`: a third of the branch's channels are modulation masks, through a sigmoid.
 *
 * @example new ModulatedDeformConv2dPack({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 }).forward(x)
 */
export class ModulatedDeformConv2dPack extends DeformablePack {
  override readonly layerNames = ['ModulatedDeformConv2dPack', 'ModulatedDeformConv2d'];
  protected readonly convOffset: Conv2d;

  constructor(config: DeformConv2dPackConfig) {
    super({ ...config, init: modulatedInit(config), biasInit: zeros });
    this.convOffset = this.offsetBranch(3);
  }

  /** Offsets and masks start from zero, whatever an init_cfg of the network around it has set. */
  startAtGrid(): void {
    for (const [, parameter] of this.convOffset.named()) parameter.initializer = zeros;
  }

  protected splitPrediction(prediction: tf.Tensor4D): { offset: tf.Tensor4D; mask: tf.Tensor4D } {
    const third = prediction.shape[3] / 3;
    const [offset, mask] = tf.split<tf.Tensor4D>(prediction, [2 * third, third], 3);
    return { offset, mask: tf.sigmoid(mask) };
  }
}
