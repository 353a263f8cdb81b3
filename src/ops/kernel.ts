// Detection kernels that an engine may bring itself (`DetConv2D`, `DetRoIAlign`, ...). Where it does not, each op of this
// folder falls back to plain TensorFlow.js or typed arrays, with the same values and gradients.

import * as tf from '@tensorflow/tfjs';

/** True when the running backend registered a kernel of this name. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/**
 * True when the engine differentiates kernels itself (libtorch's autograd) instead of replaying TensorFlow.js's tape.
 * Gradients written against flaws of the tape's kernels are not needed there.
 */
export function differentiatesNatively(): boolean {
  return hasKernel('DetConv2D');
}

/** Runs a kernel by name; inputs left undefined are not passed on. */
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
