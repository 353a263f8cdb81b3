// Convolution, norm, residual addition and activation in as few engine calls as possible: in evaluation mode a batch norm is
// folded into the convolution (one call), in training the convolution is followed by a fused norm.

import * as tf from '@tensorflow/tfjs';
import { activateFused } from '../ops/activate';
import type { FeatureMaps } from '../ops/join-maps';
import { BatchNorm2d } from './batch-norm2d';
import type { BatchStatisticsNorm } from './batch-statistics-norm';
import type { Conv2d, Epilogue } from './conv2d';
import type { GroupNorm } from './group-norm';
import { zeros } from './initializers';
import type { InstanceNorm2d } from './instance-norm2d';
import { runsApart } from './replace-forward';

/** A norm of a convolution. */
export type Norm = BatchNorm2d | GroupNorm | InstanceNorm2d | BatchStatisticsNorm;

/** What it scales starts as zero: a residual branch that ends in it starts as nothing. */
export function startAtZero(norm: Norm): void {
  if ('weight' in norm && norm.weight) norm.weight.initializer = zeros;
}

/**
 * act(norm(conv(x)) + residual), [N, H, W, Cin] -> [N, H', W', Cout].
 *
 * @example convNorm(block.conv2, block.norm2, x, { residual: identity, activation: 'relu' })
 */
export function convNorm(conv: Conv2d, norm: Norm | undefined, x: FeatureMaps, epilogue: Epilogue = {}): tf.Tensor4D {
  if (runsApart(conv) || (norm && runsApart(norm))) return layerByLayer(conv, norm, x, epilogue);
  if (!norm) return conv.forward(x, epilogue);
  return tf.tidy(() => {
    if (!(norm instanceof BatchNorm2d) || norm.training) return norm.forward(conv.forward(x), epilogue);
    const { scale, shift } = norm.affine();
    const bias = conv.bias ? tf.add(tf.mul(conv.bias.variable, scale), shift) : shift;
    return conv.run(x, { ...epilogue, scale, bias });
  });
}

/** The same in a call for each, whose outputs are seen (replace-forward.ts). */
function layerByLayer(
  conv: Conv2d,
  norm: Norm | undefined,
  x: FeatureMaps,
  { residual, activation }: Epilogue,
): tf.Tensor4D {
  return tf.tidy(() => {
    const convolved = conv.forward(x);
    const y = norm ? norm.forward(convolved) : convolved;
    return activateFused(residual ? tf.add(y, residual) : y, activation);
  });
}
