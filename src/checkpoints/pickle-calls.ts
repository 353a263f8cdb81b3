// The few calls that a checkpoint of weights consists of, each replaced by plain data. Any other call in a pickle becomes a
// `Refused`; a file that calls a shell or the interpreter is refused as a whole.

import type { StoredDtype } from '../nn/stored-tensor';
import { DtypeRef, GlobalRef, NumpyArray, type PickleValue, Refused, StorageRef, TensorRef } from './pickle-values';

/** Storage classes and dtypes by their torch names. */
const DTYPES: Record<string, StoredDtype> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  UntypedStorage: 'U8',
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

/** The dtype of `torch.FloatStorage`, `torch.cuda.HalfStorage` or `torch.float32`. */
export function dtypeOf(value: PickleValue): StoredDtype | undefined {
  if (!(value instanceof GlobalRef) || !value.name.startsWith('torch.')) return undefined;
  return DTYPES[value.name.slice(value.name.lastIndexOf('.') + 1)];
}

/** Names that never occur in a checkpoint of weights: they start programs or run code. */
const HOSTILE = [
  /^(os|posix|nt|subprocess|shutil|socket|runpy|pty|ctypes|importlib|webbrowser|commands|pdb|code|timeit|marshal|pip)(\.|$)/,
  /^(pickle|_pickle|dill|cloudpickle|torch\.hub|torch\.utils\.cpp_extension|numpy\.f2py|numpy\.testing)(\.|$)/,
  /^builtins\.(eval|exec|execfile|compile|open|__import__|input|breakpoint|globals|vars|apply|file|setattr|delattr)$/,
  /^torch\.(load|jit\.load|serialization\.load)$|^sys\./,
];

export const isHostile = (name: string): boolean => HOSTILE.some((pattern) => pattern.test(name));

/** The value of `callable(*args)`, or undefined for a call that is not known. */
export function answerCall(name: string, args: PickleValue[]): PickleValue | undefined {
  return CALLS[name]?.(args);
}

const isList = (value: PickleValue | undefined): value is PickleValue[] => Array.isArray(value);
const isSize = (value: PickleValue | undefined): value is number[] =>
  isList(value) && value.length <= 64 && value.every((d) => Number.isSafeInteger(d) && (d as number) >= 0);

/** (storage, offset, size, stride, ...) -> a tensor. */
function tensor(args: PickleValue[], dtype?: StoredDtype): PickleValue {
  const [storage, offset, size, stride] = args;
  if (storage instanceof Refused) return storage;
  const fits = storage instanceof StorageRef && Number.isSafeInteger(offset) && isSize(size) && isSize(stride);
  if (!fits || size.length !== stride.length || (offset as number) < 0) return new Refused('torch.Tensor (malformed)');
  const typed = dtype ? new StorageRef(storage.key, dtype, storage.count, storage.start) : storage;
  return new TensorRef(typed, offset as number, size, stride);
}

const pairs = (value: PickleValue | undefined): Map<PickleValue, PickleValue> => {
  const map = new Map<PickleValue, PickleValue>();
  for (const pair of isList(value) ? value : []) if (isList(pair) && pair.length === 2) map.set(pair[0], pair[1]);
  return map;
};

const CALLS: Record<string, (args: PickleValue[]) => PickleValue | undefined> = {
  'collections.OrderedDict': ([list]) => (list instanceof Map ? list : pairs(list)),
  'collections.defaultdict': () => new Map(),
  'builtins.dict': () => new Map(),
  'torch._utils._rebuild_tensor': (args) => tensor(args),
  'torch._utils._rebuild_tensor_v2': (args) => tensor(args),
  'torch._utils._rebuild_tensor_v3': (args) => {
    const dtype = dtypeOf(args[6]);
    return dtype ? tensor(args, dtype) : undefined;
  },
  'torch._utils._rebuild_parameter': ([data]) => data,
  'torch._utils._rebuild_parameter_with_state': ([data]) => data,
  // (function, class, arguments, state): a tensor of a subclass or with attributes
  'torch._tensor._rebuild_from_type_v2': ([of, , args]) =>
    of instanceof GlobalRef && isList(args) && of.name.startsWith('torch._utils.')
      ? answerCall(of.name, args)
      : undefined,
  'torch.nn.parameter.Parameter': ([data]) => (data instanceof TensorRef ? data : undefined),
  'torch.Size': ([size]) => (isSize(size) ? size : undefined),
  'torch.device': ([kind]) => (typeof kind === 'string' ? kind : undefined),
  'builtins.set': ([list]) => new Set(isList(list) ? list : []),
  'builtins.complex': () => undefined,
  // how protocol 2 writes no bytes
  'builtins.bytes': (args) => (args.length === 0 ? new Uint8Array() : undefined),
  '_codecs.encode': ([text, codec]) =>
    typeof text === 'string' && codec === 'latin1' ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : undefined,
  'numpy.dtype': ([code]) => (typeof code === 'string' ? new DtypeRef(code.slice(0, 20)) : undefined),
  'numpy.core.multiarray._reconstruct': () => new NumpyArray('numpy.core.multiarray._reconstruct'),
  'numpy._core.multiarray._reconstruct': () => new NumpyArray('numpy._core.multiarray._reconstruct'),
  'numpy.core.multiarray.scalar': numpyScalar,
  'numpy._core.multiarray.scalar': numpyScalar,
};

/** The state that is set on a NumPy array or dtype after construction; that of other objects is ignored. */
export function setState(target: PickleValue, state: PickleValue): void {
  if (!isList(state)) return;
  if (target instanceof DtypeRef) {
    if (state[1] === '>') target.bigEndian = true;
    return;
  }
  if (!(target instanceof NumpyArray)) return;
  const [, shape, dtype, byColumns, bytes] = state;
  if (!isSize(shape) || !(dtype instanceof DtypeRef) || !(bytes instanceof Uint8Array)) return;
  const count = shape.reduce((a, b) => a * b, 1);
  const values = numbersOf(bytes, dtype);
  if (values?.length !== count || (byColumns === true && shape.length > 1)) return;
  target.shape = shape;
  target.values = values;
}

/** The numbers of an array by its dtype; undefined for other types. */
function numbersOf(bytes: Uint8Array, { code, bigEndian }: DtypeRef): number[] | undefined {
  const plain = code.replace(/^[<>|=]/, '');
  const width = Number(plain.slice(1));
  if (!(width > 0 && width <= 8) || bytes.length % width !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !bigEndian;
  const readers: Record<string, (at: number) => number> = {
    f8: (at) => view.getFloat64(at, little),
    f4: (at) => view.getFloat32(at, little),
    i8: (at) => Number(view.getBigInt64(at, little)),
    u8: (at) => Number(view.getBigUint64(at, little)),
    i4: (at) => view.getInt32(at, little),
    u4: (at) => view.getUint32(at, little),
    i2: (at) => view.getInt16(at, little),
    u2: (at) => view.getUint16(at, little),
    i1: (at) => view.getInt8(at),
    u1: (at) => view.getUint8(at),
    b1: (at) => view.getUint8(at),
  };
  const read = readers[plain];
  return read && Array.from({ length: bytes.length / width }, (_, i) => read(i * width));
}

/** NumPy scalars, in which mmengine keeps scores and times: (dtype, bytes) -> number. */
function numpyScalar([dtype, bytes]: PickleValue[]): PickleValue | undefined {
  if (!(dtype instanceof GlobalRef) || !(bytes instanceof Uint8Array)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = dtype.name.replace(/^numpy\.dtype:[<|=]?/, '');
  if (Number(code.slice(1)) !== bytes.byteLength) return undefined;
  switch (code) {
    case 'f8':
      return view.getFloat64(0, true);
    case 'f4':
      return view.getFloat32(0, true);
    case 'i8':
      return Number(view.getBigInt64(0, true));
    case 'i4':
      return view.getInt32(0, true);
    case 'u1':
      return view.getUint8(0);
    case 'b1':
      return view.getUint8(0) !== 0;
    default:
      return undefined;
  }
}

/** torch's persistent id: `('storage', class, key, device, count[, view])`. */
export function storageOf(id: PickleValue): PickleValue {
  if (!isList(id) || id[0] !== 'storage') return new Refused('persistent id');
  const [, kind, key, , count, part] = id;
  const name = kind instanceof GlobalRef ? kind.name : 'torch.Storage';
  const dtype = dtypeOf(kind);
  if (!dtype) return new Refused(name);
  if (typeof key !== 'string' || typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0)
    return new Refused(`${name} (malformed)`);
  // legacy format: (key of the view, first element, elements)
  if (isList(part)) {
    const [, start, size] = part;
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(size) || (start as number) < 0)
      return new Refused(`${name} (malformed)`);
    return new StorageRef(key, dtype, size as number, start as number);
  }
  return new StorageRef(key, dtype, count);
}
