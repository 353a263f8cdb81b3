// A convolution, its norm, an addition and an activation as few engine calls as can be: in evaluation mode a batch norm
// becomes the convolution's factor and bias (one call), in training the convolution is followed by one fused norm.

import * as tf from '@tensorflow/tfjs';
import { BatchNorm2d } from './batch-norm2d';
import type { Conv2d, Epilogue } from './conv2d';
import type { GroupNorm } from './group-norm';

export type Norm = BatchNorm2d | GroupNorm;

/**
 * act(norm(conv(x)) + residual), [N, H, W, Cin] -> [N, H', W', Cout].
 *
 * @example convNorm(block.conv2, block.norm2, x, { residual: identity, activation: 'relu' })
 */
export function convNorm(conv: Conv2d, norm: Norm | undefined, x: tf.Tensor4D, epilogue: Epilogue = {}): tf.Tensor4D {
  if (!norm) return conv.forward(x, epilogue);
  return tf.tidy(() => {
    if (!(norm instanceof BatchNorm2d) || norm.training) return norm.forward(conv.forward(x), epilogue);
    const { scale, shift } = norm.affine();
    const bias = conv.bias ? tf.add(tf.mul(conv.bias.variable, scale), shift) : shift;
    return conv.run(x, { ...epilogue, scale, bias });
  });
}
