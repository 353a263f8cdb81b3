// Smooth activations that TensorFlow.js lacks; a fused kernel where the engine has one.

import * as tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from './kernel';

const PLAIN = {
  // x * Phi(x) with the normal distribution Phi: the exact form
  gelu: (x: tf.Tensor) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))),
  silu: (x: tf.Tensor) => tf.mul(x, tf.sigmoid(x)),
  mish: (x: tf.Tensor) => tf.mul(x, tf.tanh(tf.softplus(x))),
  hardswish: (x: tf.Tensor) => tf.mul(x, tf.div(tf.relu6(tf.add(x, 3)), 6)),
} satisfies Record<string, (x: tf.Tensor) => tf.Tensor>;
export type SmoothActivation = keyof typeof PLAIN;

/**
 * @example activate(tf.tensor1d([-1, 0, 1]), 'gelu') // -0.1587, 0, 0.8413
 */
export function activate<T extends tf.Tensor>(x: T, name: SmoothActivation): T {
  if (hasKernel('DetActivate')) return runKernel<T>('DetActivate', { x }, { name });
  return tf.tidy(() => PLAIN[name](x) as T);
}

/** Activations that convolution and norm kernels can fuse. */
export type FusedActivation = 'linear' | 'relu' | 'silu';

/** The same activation as a separate operation. */
export function activateFused<T extends tf.Tensor>(x: T, name: FusedActivation = 'linear'): T {
  if (name === 'linear') return x;
  return name === 'relu' ? tf.relu(x) : activate(x, name);
}
