// The wasm heap: the part of tfjs's BackendWasm that TypeScript kernels use, and a guard on its allocator.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';

export interface WasmHeap {
  /** Allocates uninitialised memory. */
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view into the heap, valid until the next allocation. */
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}

interface WasmModule {
  HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * Throws when the heap (at most 4 GB) is exhausted. The stock backend continues with corrupted tensors: it does not check for
 * null, and near the limit the allocator returns blocks that extend beyond the heap.
 */
export function guardAllocation(wasm: WasmModule): void {
  wasm._free(wasm._malloc(8)); // the first call replaces the stub by the compiled function
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = allocate(bytes) >>> 0;
    if ((address > 0 && address + bytes <= wasm.HEAPU8.length) || bytes === 0) return address;
    throw new DetLabError(
      `Cannot allocate ${(bytes / 2 ** 20).toFixed(1)} MB on the wasm engine: its heap of at most 4 GB is full ` +
        `(${(wasm.HEAPU8.length / 2 ** 20).toFixed(0)} MB used). Use smaller images or batches, or the torch engine`,
    );
  };
}
