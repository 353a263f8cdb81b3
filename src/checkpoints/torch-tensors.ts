// Reads a tensor, a strided view of its storage, to bytes in C order.

import { DTYPE_BYTES, elements, type StoredTensor } from '../nn/stored-tensor';
import { type Budget, damaged } from './byte-source';
import type { StorageRef, TensorRef } from './pickle-values';

/** The bytes of a storage; from element `start`, where the legacy format makes it a view of another one. */
export type ReadStorage = (storage: StorageRef, what: string) => Uint8Array;

/**
 * @param name of the tensor, for errors
 * @throws DetLabError when the tensor extends beyond its storage, or is larger than the file can legitimately hold
 */
export function readTensor(
  ref: TensorRef,
  name: string,
  { source, storage, budget }: { source: { name: string }; storage: ReadStorage; budget: Budget },
): StoredTensor {
  const { shape, strides, offset } = ref;
  const { dtype } = ref.storage;
  const width = DTYPE_BYTES[dtype];
  const count = elements(shape);
  if (count === 0) return { shape, dtype, bytes: new Uint8Array(0) };
  const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i], offset);
  const bytes = storage(ref.storage, `tensor "${name}"`);
  const available = bytes.byteLength / width;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(last) || last >= available)
    throw damaged(
      source,
      `tensor "${name}" of shape [${shape.join(', ')}] extends to element ${last + 1}, its storage "${ref.storage.key}" has ${Math.floor(available)}. The file is damaged: download it again`,
    );
  if (isContiguous(shape, strides))
    return { shape, dtype, bytes: bytes.subarray(offset * width, (offset + count) * width) };
  budget.charge(count * width, `tensor "${name}" of shape [${shape.join(', ')}]`);
  return { shape, dtype, bytes: gather(bytes, ref, count, width) };
}

/** Row-major without gaps; strides of dimensions of size 1 are ignored. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}

/** Copies element by element in C order (a transposed, sliced or expanded tensor). */
function gather(bytes: Uint8Array, { shape, strides, offset }: TensorRef, count: number, width: number): Uint8Array {
  const out = new Uint8Array(count * width);
  const index = shape.map(() => 0);
  let from = offset;
  for (let i = 0; i < count; i++) {
    const at = from * width;
    for (let k = 0; k < width; k++) out[i * width + k] = bytes[at + k];
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}
