// Filters scaled by a batch norm, on wasm: made once for the weights that they are of.

import * as tf from '@tensorflow/tfjs';
import type { DerivedConstants } from './derived-constants';

/** Multiply over the stock kernel, which must be registered: a filter [kh, kw, Cin, Cout] times a factor for each channel [Cout]. */
export function scaledFilterKernel(constants: DerivedConstants): tf.KernelConfig {
  const stock = tf.getKernel(tf.Multiply, 'wasm')!;
  return {
    ...stock,
    kernelFunc: (call) => {
      const [a, b] = [call.inputs.a as tf.TensorInfo, call.inputs.b as tf.TensorInfo];
      const make = () => stock.kernelFunc(call) as tf.TensorInfo;
      return a.shape.length === 4 && b.shape.length === 1 ? constants.of('multiply', [a, b], make) : make();
    },
  };
}
