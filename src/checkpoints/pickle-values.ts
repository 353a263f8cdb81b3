// What an unpickled checkpoint is made of: plain containers, tensors that are not read yet, and the names of everything
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

/** A Python class or function, by its name only: `torch.FloatStorage`. Nothing is ever looked up or called. */
export class GlobalRef {
  constructor(readonly name: string) {}
}

/** An object that only Python code could build: its class, and nothing else of it. */
export class Refused {
  constructor(readonly name: string) {}
}

/** The memory that tensors share, by the name it has in the file. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly dtype: StoredDtype,
    /** Elements it claims to have. */
    readonly count: number,
    /** First element, where the old format makes a storage a part of another one. */
    readonly start = 0,
  ) {}
}

/** A tensor in its storage, in elements; nothing is read before it is asked for. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}
