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
  const parts: Buffer[] = [];
  const bytes = (...values: number[]) => parts.push(Buffer.from(values));
  const op = (letter: string) => parts.push(Buffer.from(letter, 'latin1'));
  const integer = (value: number) => {
    if (value >= 0 && value < 256) return bytes(0x4b, value); // BININT1
    if (value >= -(2 ** 31) && value < 2 ** 31) {
      const part = Buffer.alloc(5, 'J');
      part.writeInt32LE(value, 1);
      return parts.push(part);
    }
    const part = Buffer.alloc(10);
    part.set([0x8a, 8]); // LONG1
    part.writeBigInt64LE(BigInt(value), 2);
    return parts.push(part);
  };
  const text = (value: string) => {
    const encoded = Buffer.from(value, 'utf8');
    const head = Buffer.alloc(5, 'X');
    head.writeUInt32LE(encoded.byteLength, 1);
    parts.push(head, encoded);
  };
  // a name that was written before is read from the memo
  const memo = new Map<string, number>();
  const global = (module: string, name: string) => {
    const full = `${module}\n${name}\n`;
    const known = memo.get(full);
    const put = Buffer.alloc(5, known === undefined ? 'r' : 'j');
    put.writeUInt32LE(known ?? memo.size, 1);
    if (known === undefined) {
      memo.set(full, memo.size);
      op(`c${full}`);
    }
    parts.push(put);
  };
  const tuple = (values: readonly number[]) => {
    op('(');
    for (const value of values) integer(value);
    op('t');
  };
  const write = (value: Writable): void => {
    if (value === null) op('N');
    else if (typeof value === 'boolean') bytes(value ? 0x88 : 0x89);
    else if (typeof value === 'string') text(value);
    else if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return void integer(value);
      const part = Buffer.alloc(9, 'G');
      part.writeDoubleBE(value, 1);
      parts.push(part);
    } else if (Array.isArray(value)) {
      op('](');
      for (const item of value) write(item);
      op('e');
    } else {
      op('}(');
      for (const [key, item] of Object.entries(value)) {
        text(key);
        write(item);
      }
      op('u');
    }
  };

  bytes(0x80, 2);
  op('}(');
  for (const [key, value] of Object.entries(rest)) {
    text(key);
    write(value);
  }
  text('state_dict');
  global('collections', 'OrderedDict');
  op(')R(');
  let index = 0;
  for (const [name, { dtype, shape }] of tensors) {
    text(name);
    const count = shape.reduce((a, b) => a * b, 1);
    // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)
    global('torch._utils', '_rebuild_tensor_v2');
    op('((');
    text('storage');
    global('torch', STORAGES[dtype]);
    text(String(index++));
    text('cpu');
    integer(count);
    op('tQ');
    integer(0);
    tuple(shape);
    tuple(shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1)));
    bytes(0x89);
    global('collections', 'OrderedDict');
    op(')RtR');
  }
  op('uu.');
  return Buffer.concat(parts);
}
