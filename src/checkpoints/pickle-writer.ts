// Writes the pickle of a checkpoint as torch.save does (protocol 2), with strings, numbers, lists, dicts and tensors only, so
// that torch.load(path, weights_only=True) accepts it.

import type { StoredDtype, StoredTensor } from '../nn/stored-tensor';

export type Writable = null | boolean | number | string | Writable[] | { [key: string]: Writable };

const STORAGES: Record<StoredDtype, string> = {
  F64: 'DoubleStorage',
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
  I32: 'IntStorage',
  I16: 'ShortStorage',
  I8: 'CharStorage',
  U8: 'ByteStorage',
  BOOL: 'BoolStorage',
};

/** `{ state_dict: OrderedDict(...), ...rest }`; the storage of tensor n has the key n. */
export function pickleCheckpoint(tensors: ReadonlyMap<string, StoredTensor>, rest: Record<string, Writable>): Buffer {
  const pickle = new PickleWriter();
  pickle.bytes(0x80, 2);
  pickle.op('}(');
  for (const [key, value] of Object.entries(rest)) {
    pickle.text(key);
    pickle.value(value);
  }
  pickle.text('state_dict');
  pickle.global('collections', 'OrderedDict');
  pickle.op(')R(');
  let index = 0;
  for (const [name, tensor] of tensors) {
    pickle.text(name);
    writeTensor(pickle, tensor, String(index++));
  }
  pickle.op('uu.');
  return pickle.contents();
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)`. */
function writeTensor(pickle: PickleWriter, { dtype, shape }: StoredTensor, storage: string): void {
  pickle.global('torch._utils', '_rebuild_tensor_v2');
  pickle.op('((');
  pickle.text('storage');
  pickle.global('torch', STORAGES[dtype]);
  pickle.text(storage);
  pickle.text('cpu');
  pickle.integer(shape.reduce((a, b) => a * b, 1));
  pickle.op('tQ');
  writeLayout(pickle, shape);
}

/** What follows a storage in `_rebuild_tensor_v2`: `offset, size, stride, requires_grad, backward_hooks`, of a contiguous tensor. */
export function writeLayout(pickle: PickleWriter, shape: readonly number[]): void {
  pickle.integer(0);
  pickle.tuple(shape);
  pickle.tuple(shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1)));
  pickle.bytes(0x89);
  pickle.global('collections', 'OrderedDict');
  pickle.op(')RtR');
}

/** The opcodes of pickle protocol 2 that a checkpoint needs, and that of bytes. */
export class PickleWriter {
  private readonly parts: Buffer[] = [];
  /** Index of every global that has been written: it is read from there the next time. */
  private readonly memo = new Map<string, number>();

  contents(): Buffer {
    return Buffer.concat(this.parts);
  }

  bytes(...values: number[]): void {
    this.parts.push(Buffer.from(values));
  }

  op(letters: string): void {
    this.parts.push(Buffer.from(letters, 'latin1'));
  }

  integer(value: number): void {
    if (value >= 0 && value < 256) {
      this.bytes(0x4b, value); // BININT1
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      const part = Buffer.alloc(5, 'J');
      part.writeInt32LE(value, 1);
      this.parts.push(part);
    } else {
      const part = Buffer.alloc(10);
      part.set([0x8a, 8]); // LONG1
      part.writeBigInt64LE(BigInt(value), 2);
      this.parts.push(part);
    }
  }

  text(value: string): void {
    const encoded = Buffer.from(value, 'utf8');
    const head = Buffer.alloc(5, 'X');
    head.writeUInt32LE(encoded.byteLength, 1);
    this.parts.push(head, encoded);
  }

  /** Python's bytes, from protocol 3 on. */
  binary(value: Uint8Array): void {
    const head = Buffer.alloc(5, 'B');
    head.writeUInt32LE(value.byteLength, 1);
    this.parts.push(head, Buffer.from(value));
  }

  global(module: string, name: string): void {
    const full = `${module}\n${name}\n`;
    const known = this.memo.get(full);
    const put = Buffer.alloc(5, known === undefined ? 'r' : 'j');
    put.writeUInt32LE(known ?? this.memo.size, 1);
    if (known === undefined) {
      this.memo.set(full, this.memo.size);
      this.op(`c${full}`);
    }
    this.parts.push(put);
  }

  tuple(values: readonly number[]): void {
    this.op('(');
    for (const value of values) this.integer(value);
    this.op('t');
  }

  value(value: Writable): void {
    if (value === null) this.op('N');
    else if (typeof value === 'boolean') this.bytes(value ? 0x88 : 0x89);
    else if (typeof value === 'string') this.text(value);
    else if (typeof value === 'number') this.number(value);
    else if (Array.isArray(value)) {
      this.op('](');
      for (const item of value) this.value(item);
      this.op('e');
    } else {
      this.op('}(');
      for (const [key, item] of Object.entries(value)) {
        this.text(key);
        this.value(item);
      }
      this.op('u');
    }
  }

  private number(value: number): void {
    if (Number.isSafeInteger(value)) {
      this.integer(value);
      return;
    }
    const part = Buffer.alloc(9, 'G');
    part.writeDoubleBE(value, 1);
    this.parts.push(part);
  }
}
