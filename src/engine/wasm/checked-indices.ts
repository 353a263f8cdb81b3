// Kernels that place or select elements by index, on wasm: an index out of range is an error, as on the torch engine. The stock
// ones read and write beyond the tensor, or skip the index.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { WasmHeap } from './heap';

/** @throws DetLabError for an index outside `shape`; indices [..., depth] into its first axes. */
function checkIndices(kernelName: string, indices: tf.TensorInfo, shape: readonly number[], heap: WasmHeap): void {
  const depth = indices.shape[indices.shape.length - 1];
  const values = heap.typedArrayFromHeap(indices);
  for (let i = 0; i < values.length; i++) {
    const axis = i % depth;
    if (values[i] < 0 || values[i] >= shape[axis])
      throw new DetLabError(
        `Cannot run ${kernelName} on [${shape}]: index ${values[i]} is outside axis ${axis} of size ${shape[axis]}`,
      );
  }
}

function checked(
  kernelName: string,
  given: (call: Parameters<tf.KernelFunc>[0]) => [tf.TensorInfo, readonly number[]],
) {
  const stock = tf.getKernel(kernelName, 'wasm')!;
  const config: tf.KernelConfig = {
    ...stock,
    kernelFunc: (call) => {
      const [indices, shape] = given(call);
      checkIndices(kernelName, indices, shape, call.backend as WasmHeap);
      return stock.kernelFunc(call);
    },
  };
  return config;
}

/** The kernels, over stock ones, which must be registered. */
export function checkedIndexKernels(): tf.KernelConfig[] {
  return [
    checked(tf.GatherNd, ({ inputs: { indices, params } }) => [
      indices as tf.TensorInfo,
      (params as tf.TensorInfo).shape,
    ]),
    checked(tf.ScatterNd, ({ inputs: { indices }, attrs }) => [indices as tf.TensorInfo, attrs!.shape as number[]]),
    checked(tf.TensorScatterUpdate, ({ inputs: { indices, tensor } }) => [
      indices as tf.TensorInfo,
      (tensor as tf.TensorInfo).shape,
    ]),
  ];
}
