// The values of an unpickled checkpoint: plain containers, tensors that are not read yet, and the class names of everything
// that was refused. Dicts are Maps; lists, tuples and torch.Size are arrays.

import type { StoredDtype } from '../nn/stored-tensor';

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | TensorRef
  | StorageRef
  | GlobalRef
  | Refused;

/** A Python class or function, by name only: `torch.FloatStorage`. It is never resolved or called. */
export class GlobalRef {
  constructor(readonly name: string) {}
}

/** An object that only Python code could build: only its class is kept. */
export class Refused {
  constructor(readonly name: string) {}
}

/** A NumPy array: like other objects of Python nothing that weights are read from, but its numbers are kept for lists of data. */
export class NumpyArray extends Refused {
  shape: number[] = [];
  /** In row-major order; undefined for a type that is none of numbers. */
  values?: number[];
}

/** A NumPy dtype: `f4` with its order of bytes, which is set after construction. */
export class DtypeRef extends GlobalRef {
  bigEndian = false;

  constructor(readonly code: string) {
    super(`numpy.dtype:${code}`);
    this.bigEndian = code.startsWith('>');
  }
}

/** The storage of one or several tensors, by its key in the file. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly dtype: StoredDtype,
    /** Number of elements, as declared. */
    readonly count: number,
    /** First element, where the legacy format makes a storage a view of another one. */
    readonly start = 0,
  ) {}
}

/** A tensor as a view of its storage, in elements; read on demand. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}
