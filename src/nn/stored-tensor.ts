// A tensor as stored in a file: PyTorch's dtypes, little-endian bytes in C order. The engine has float32 and int32 only:
// F16, BF16 and F64 are widened or rounded to float32; I64, I16, I8, U8 and BOOL become int32.

import { DetLabError } from '../errors';
import type { StateDict, StateTensor } from './module';

/** Bytes per element, by safetensors' dtype names. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type StoredDtype = keyof typeof DTYPE_BYTES;

export interface StoredTensor {
  shape: number[];
  dtype: StoredDtype;
  /** C order, little-endian; may be a view into a larger buffer. */
  bytes: Uint8Array;
}

/** Tensors by name, in the file's order. */
export type StoredState = Map<string, StoredTensor>;

export const isStoredDtype = (name: string): name is StoredDtype => Object.hasOwn(DTYPE_BYTES, name);

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * The tensor in the engine's dtypes; float32 and int32 are views of the file's bytes if aligned.
 * @throws DetLabError for a 64-bit integer that does not fit 32 bits.
 */
export function decodeTensor({ shape, dtype, bytes }: StoredTensor, name: string, source: string): StateTensor {
  const count = elements(shape);
  // a typed array must start at a multiple of its element size
  const aligned = bytes.byteOffset % DTYPE_BYTES[dtype] === 0 ? bytes : Uint8Array.from(bytes);
  const { buffer, byteOffset } = aligned as Uint8Array<ArrayBuffer>;
  const float = (data: Float32Array): StateTensor => ({ shape, dtype: 'float32', data });
  const int = (data: Int32Array): StateTensor => ({ shape, dtype: 'int32', data });
  switch (dtype) {
    case 'F32':
      return float(new Float32Array(buffer, byteOffset, count));
    case 'F64':
      return float(Float32Array.from(new Float64Array(buffer, byteOffset, count)));
    case 'F16':
      return float(halves(new Uint16Array(buffer, byteOffset, count)));
    case 'BF16': {
      // bfloat16 is the upper half of a float32
      const bits = new Uint16Array(buffer, byteOffset, count);
      const wide = new Uint32Array(count);
      for (let i = 0; i < count; i++) wide[i] = bits[i] << 16;
      return float(new Float32Array(wide.buffer));
    }
    case 'I32':
      return int(new Int32Array(buffer, byteOffset, count));
    case 'I64': {
      const values = new BigInt64Array(buffer, byteOffset, count);
      const data = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        data[i] = Number(values[i]);
        if (BigInt(data[i]) !== values[i])
          throw new DetLabError(
            `Cannot read tensor "${name}" of "${source}": expected 32-bit integers, its value ${values[i]} does not fit 32 bits`,
          );
      }
      return int(data);
    }
    case 'I16':
      return int(Int32Array.from(new Int16Array(buffer, byteOffset, count)));
    case 'I8':
      return int(Int32Array.from(new Int8Array(buffer, byteOffset, count)));
    case 'U8':
    case 'BOOL':
      return int(Int32Array.from(aligned));
  }
}

let halfValues: Float32Array | undefined;

/** IEEE 754 half precision (1 sign, 5 exponent and 10 fraction bits), by a table of all 65536 values. */
function halves(bits: Uint16Array): Float32Array {
  halfValues ??= Float32Array.from({ length: 65536 }, (_, h) => {
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >> 10) & 31;
    const fraction = h & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  const table = halfValues;
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]];
  return values;
}

/** PyTorch counts batches in int64 and loads no other dtype there. */
const isInt64InTorch = (name: string) => name.endsWith('num_batches_tracked');

/** The tensor as stored in a file; `num_batches_tracked` becomes I64, as in PyTorch. */
export function encodeTensor(name: string, { shape, dtype, data }: StateTensor): StoredTensor {
  const wide = dtype === 'int32' && isInt64InTorch(name);
  const values = wide ? BigInt64Array.from(data as Int32Array, BigInt) : data;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { shape, dtype: wide ? 'I64' : dtype === 'int32' ? 'I32' : 'F32', bytes };
}

export const encodeState = (state: StateDict): StoredState =>
  new Map([...state].map(([name, tensor]) => [name, encodeTensor(name, tensor)]));

export const decodeState = (state: StoredState, source: string): StateDict =>
  new Map([...state].map(([name, tensor]) => [name, decodeTensor(tensor, name, source)]));
