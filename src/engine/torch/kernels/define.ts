// Binds tfjs kernels to native ones.

import type * as tf from '@tensorflow/tfjs';
import { BACKEND, type TorchBackend } from '../backend';

export type Inputs = Record<string, tf.TensorInfo>;
// biome-ignore lint/suspicious/noExplicitAny: the attributes of kernels differ
export type Attributes = Record<string, any>;

export interface KernelCall {
  inputs: Inputs;
  attrs: Attributes;
  backend: TorchBackend;
  /** The slot of a tensor, or -1 for an absent one. */
  slot: (x: tf.TensorInfo | null | undefined) => number;
}

/** A kernel configuration for the torch backend. */
export function define(
  kernelName: string,
  run: (call: KernelCall) => tf.TensorInfo | tf.TensorInfo[],
): tf.KernelConfig {
  return {
    kernelName,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const torch = backend as TorchBackend;
      return run({
        inputs: inputs as Inputs,
        attrs: (attrs ?? {}) as Attributes,
        backend: torch,
        slot: (x) => (x ? torch.slotOf(x) : -1),
      });
    },
  };
}
