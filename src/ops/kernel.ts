// Detection kernels that an engine may provide (`DetConv2D`, `DetRoIAlign`, ...). Otherwise each op of this folder falls back
// to TensorFlow.js or typed arrays, with the same values and gradients.

import * as tf from '@tensorflow/tfjs';

/** Whether the current backend has a kernel of this name. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/**
 * Whether the engine differentiates kernels itself (libtorch's autograd) instead of replaying TensorFlow.js's tape. There
 * the custom gradients that work around flaws of tfjs are not needed.
 */
export function differentiatesNatively(): boolean {
  return hasKernel('DetConv2D');
}

/** Runs a kernel by name; undefined inputs are omitted. */
export function runKernel<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Record<string, tf.Tensor | undefined>,
  attrs: Record<string, unknown>,
): T {
  const given: Record<string, tf.Tensor> = {};
  for (const key in inputs) {
    const tensor = inputs[key];
    if (tensor) given[key] = tensor;
  }
  return tf.engine().runKernel(name, given, attrs as tf.NamedAttrMap) as T;
}
