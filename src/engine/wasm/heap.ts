// The part of tfjs's BackendWasm that kernels written in TypeScript use.

import type * as tf from '@tensorflow/tfjs';

export interface WasmHeap {
  /** Allocates; the memory holds whatever was there before. */
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view into the heap, valid until the next allocation. */
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}
