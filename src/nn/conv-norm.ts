// Convolution, norm, residual addition and activation in as few engine calls as possible: in evaluation mode a batch norm is
// folded into the convolution (one call), in training the convolution is followed by a fused norm.

import * as tf from '@tensorflow/tfjs';
import type { FeatureMaps } from '../ops/join-maps';
import { BatchNorm2d } from './batch-norm2d';
import type { Conv2d, Epilogue } from './conv2d';
import type { GroupNorm } from './group-norm';

/** A norm of a convolution. */
export type Norm = BatchNorm2d | GroupNorm;

/**
 * act(norm(conv(x)) + residual), [N, H, W, Cin] -> [N, H', W', Cout].
 *
 * @example convNorm(block.conv2, block.norm2, x, { residual: identity, activation: 'relu' })
 */
export function convNorm(conv: Conv2d, norm: Norm | undefined, x: FeatureMaps, epilogue: Epilogue = {}): tf.Tensor4D {
  if (!norm) return conv.forward(x, epilogue);
  return tf.tidy(() => {
    if (!(norm instanceof BatchNorm2d) || norm.training) return norm.forward(conv.forward(x), epilogue);
    const { scale, shift } = norm.affine();
    const bias = conv.bias ? tf.add(tf.mul(conv.bias.variable, scale), shift) : shift;
    return conv.run(x, { ...epilogue, scale, bias });
  });
}
