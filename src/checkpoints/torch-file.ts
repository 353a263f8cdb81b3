// Files of torch.save: since PyTorch 1.6 a zip archive with `data.pkl`, `data/<key>` for each storage and `byteorder`; before
// that a sequence of pickles followed by the storages. The structure is read first, tensors on demand.

import { DTYPE_BYTES, type StoredTensor } from '../nn/stored-tensor';
import { Budget, type ByteSource, damaged } from './byte-source';
import { unpickle } from './pickle-machine';
import type { PickleValue, TensorRef } from './pickle-values';
import { type ReadStorage, readTensor } from './torch-tensors';
import { isZip, ZipArchive } from './zip-archive';

export interface TorchFile {
  format: 'zip' | 'legacy';
  /** The saved value, usually a dict. */
  root: PickleValue;
  /** @throws DetLabError when the tensor's bytes are missing */
  read(tensor: TensorRef, name: string): StoredTensor;
}

/** Size limit of the pickle, which holds names and numbers, no tensors. */
const MAX_PICKLE = 512 * 2 ** 20;

export function readTorchFile(source: ByteSource): TorchFile {
  const budget = new Budget(source);
  const { format, root, storage } = isZip(source) ? readArchive(source, budget) : readLegacy(source);
  // tensors that share a storage read it once
  const cache = new Map<string, Uint8Array>();
  const cached: ReadStorage = (ref, what) => {
    const key = `${ref.key}:${ref.start}:${ref.count}:${ref.dtype}`;
    let bytes = cache.get(key);
    if (!bytes) cache.set(key, (bytes = storage(ref, what)));
    return bytes;
  };
  return { format, root, read: (tensor, name) => readTensor(tensor, name, { source, storage: cached, budget }) };
}

interface Structure {
  format: TorchFile['format'];
  root: PickleValue;
  storage: ReadStorage;
}

const BIG_ENDIAN =
  'it is big-endian, written on a different kind of machine. Load it in Python and save it again: ' +
  'torch.save(torch.load(path), path)';

function readArchive(source: ByteSource, budget: Budget): Structure {
  const archive = new ZipArchive(source, budget);
  const names = archive.names();
  const pickle = names.find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const folder = pickle?.slice(0, -'data.pkl'.length) ?? '';
  if (names.some((name) => name.startsWith(`${folder}code/`)) || archive.has(`${folder}constants.pkl`))
    throw damaged(
      source,
      'it is a TorchScript program, not weights. In Python: torch.save(torch.jit.load(path).state_dict(), "weights.pth")',
    );
  if (!pickle)
    throw damaged(
      source,
      `it is a zip archive, but not of torch.save: it has no data.pkl (${names.slice(0, 3).join(', ')})`,
    );
  const order = `${folder}byteorder`;
  if (archive.has(order) && Buffer.from(archive.read(order, 16)).toString('latin1').trim() === 'big')
    throw damaged(source, BIG_ENDIAN);
  if ((archive.sizeOf(pickle) ?? 0) > MAX_PICKLE)
    throw damaged(source, `expected a data.pkl of at most ${MAX_PICKLE} bytes, it is larger`);
  const { value } = unpickle(archive.read(pickle), source);
  return { format: 'zip', root: value, storage: (ref) => archive.read(`${folder}data/${ref.key}`) };
}

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

function readLegacy(source: ByteSource): Structure {
  const head = source.read(0, Math.min(source.size, 262), 'the first bytes');
  const [first] = head;
  if (first !== 0x80)
    throw damaged(
      source,
      source.size > 262 && Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar'
        ? 'it is a tar archive of PyTorch before 0.2. Load it in Python and save it again: torch.save(torch.load(path), path)'
        : 'expected a zip archive, a pickle or safetensors. Is it a PyTorch checkpoint?',
    );
  // the pickles precede the storages: the start of the file suffices, unless they are very long
  if (source.size <= WINDOW) return parseLegacy(source, source.size);
  try {
    return parseLegacy(source, WINDOW);
  } catch {
    return parseLegacy(source, Math.min(source.size, MAX_PICKLE));
  }
}

const WINDOW = 8 * 2 ** 20;

/** Five pickles in a row: magic number, version, system, the saved value, and the keys of the storages. */
function parseLegacy(source: ByteSource, window: number): Structure {
  const pickles = source.read(0, window, 'the pickles');
  let position = 0;
  const next = () => {
    const pickle = unpickle(pickles.subarray(position), source);
    position += pickle.length;
    return pickle;
  };
  if (next().value !== LEGACY_MAGIC)
    throw damaged(
      source,
      "it is a plain pickle, not a file of torch.save (as are Detectron's .pkl models). Convert it in Python: " +
        'torch.save({"state_dict": {name: torch.as_tensor(value) for name, value in weights.items()}}, "weights.pth")',
    );
  const version = next().value;
  const system = next().value;
  if (version !== 1001) throw damaged(source, `expected format version 1001, received ${String(version)}`);
  if (system instanceof Map && system.get('little_endian') === false) throw damaged(source, BIG_ENDIAN);
  const { value: root, widths } = next();
  const keys = next().value;
  if (!Array.isArray(keys)) throw damaged(source, 'its list of storages is invalid');
  return { format: 'legacy', root, storage: legacyStorages(source, keys, position, widths) };
}

/** Each storage is its number of elements in 8 bytes, then the elements; its offset follows from the preceding ones. */
function legacyStorages(
  source: ByteSource,
  keys: PickleValue[],
  start: number,
  widths: ReadonlyMap<string, number>,
): ReadStorage {
  const places = new Map<PickleValue, { offset: number; bytes: number }>();
  let offset = start;
  let known = 0;
  return (ref, what) => {
    for (; known < keys.length && !places.has(ref.key); known++) {
      const head = source.read(offset, 8, what);
      const count = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
      const width = typeof keys[known] === 'string' ? widths.get(keys[known] as string) : undefined;
      if (width === undefined) throw damaged(source, `storage "${String(keys[known])}" has an unknown dtype`);
      places.set(keys[known], { offset: offset + 8, bytes: count * width });
      offset += 8 + count * width;
    }
    const place = places.get(ref.key);
    if (!place) throw damaged(source, `${what} has no storage "${ref.key}". It is damaged: download it again`);
    const first = ref.start * DTYPE_BYTES[ref.dtype];
    return source.read(place.offset + first, Math.max(place.bytes - first, 0), what);
  };
}
