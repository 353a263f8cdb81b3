// Instance normalisation (Ulyanov et al., 2016), torch's InstanceNorm2d: every channel of every image by its own mean and variance, in
// evaluation too. As there, it has no weight and bias unless `affine` asks for them.

import * as tf from '@tensorflow/tfjs';
import { activateFused } from '../ops/activate';
import type { Epilogue } from './conv2d';
import { normalizeGroups } from './group-norm';
import { ones, zeros } from './initializers';
import { Module, type Parameter } from './module';

export interface InstanceNorm2dConfig {
  channels: number;
  epsilon?: number;
  affine?: boolean;
  requiresGrad?: boolean;
}

export class InstanceNorm2d extends Module {
  readonly layerNames = ['InstanceNorm2d', 'IN', '_InstanceNorm', '_NormBase'];
  readonly weight?: Parameter;
  readonly bias?: Parameter;
  private readonly channels: number;
  private readonly epsilon: number;

  constructor({ channels, epsilon = 1e-5, affine = false, requiresGrad = true }: InstanceNorm2dConfig) {
    super();
    this.channels = channels;
    this.epsilon = epsilon;
    if (!affine) return;
    this.weight = this.addParameter('weight', [channels], ones, undefined, requiresGrad);
    this.bias = this.addParameter('bias', [channels], zeros, undefined, requiresGrad);
  }

  /** [N, H, W, C] -> the same shape. */
  forward(x: tf.Tensor4D, { residual, activation }: Epilogue = {}): tf.Tensor4D {
    return tf.tidy(() => {
      const { channels: groups, epsilon } = this;
      const scale = this.weight?.variable ?? tf.ones([groups]);
      const offset = this.bias?.variable ?? tf.zeros([groups]);
      const y = normalizeGroups(x, scale, offset, { groups, epsilon });
      return activateFused(residual ? tf.add(y, residual) : y, activation);
    });
  }
}
