// Group normalisation (Wu and He, ECCV 2018): mean and variance per image over groups of channels.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { activateFused } from '../ops/activate';
import { composite } from '../ops/composite';
import type { Epilogue } from './conv2d';
import { ones, zeros } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `GroupNorm`, named after torch's. */
export interface GroupNormConfig {
  channels: number;
  groups: number;
  epsilon?: number;
  requiresGrad?: boolean;
}

/**
 * @throws DetLabError when the groups do not divide the channels.
 * @example new GroupNorm({ channels: 64, groups: 32 }).forward(x) // [N, H, W, 64] -> the same shape
 */
export class GroupNorm extends Module {
  readonly layerNames = ['GroupNorm', 'GN'];
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly groups: number;
  readonly epsilon: number;

  constructor({ channels, groups, epsilon = 1e-5, requiresGrad = true }: GroupNormConfig) {
    super();
    if (channels % groups !== 0)
      throw new DetLabError(
        `Cannot build GroupNorm: expected channels divisible by num_groups ${groups}, received ${channels} channels`,
      );
    this.groups = groups;
    this.epsilon = epsilon;
    this.weight = this.addParameter('weight', [channels], ones, undefined, requiresGrad);
    this.bias = this.addParameter('bias', [channels], zeros, undefined, requiresGrad);
  }

  forward(x: tf.Tensor4D, { residual, activation }: Epilogue = {}): tf.Tensor4D {
    return tf.tidy(() => {
      const y = normalizeGroups(x, this.weight.variable, this.bias.variable, this);
      return activateFused(residual ? tf.add(y, residual) : y, activation);
    });
  }
}

/** By the mean and variance of each group of channels of each image, then scaled and shifted by channel. */
export function normalizeGroups(
  x: tf.Tensor4D,
  scale: tf.Tensor,
  offset: tf.Tensor,
  { groups, epsilon }: { groups: number; epsilon: number },
): tf.Tensor4D {
  return composite({ name: 'GroupNorm', inputs: { x, scale, offset }, attrs: { groups, epsilon } }, () =>
    tf.tidy(() => {
      const [n, h, w, c] = x.shape;
      const grouped = x.reshape([n, h * w, groups, c / groups]);
      const centered = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const variance = tf.mean(tf.square(centered), [1, 3], true);
      const normalized = tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon))).reshape<tf.Tensor4D>(x.shape);
      return tf.add<tf.Tensor4D>(tf.mul(normalized, scale), offset);
    }),
  );
}
