// The bytes of safetensors (https://huggingface.co/docs/safetensors): an 8-byte little-endian header length, a JSON
// header naming every tensor's dtype, shape and byte range, then the bytes.

import { DetLabError } from '../errors';
import type { StateDict } from '../nn/module';
import { DTYPE_BYTES, decodeState, elements, encodeState, isStoredDtype, type StoredState } from '../nn/stored-tensor';

export interface SafetensorsFile {
  tensors: StateDict;
  /** The header's `__metadata__`: strings by key. */
  metadata: Record<string, string>;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The limit of the reference implementation; a longer header means a damaged length field. */
const MAX_HEADER_BYTES = 100_000_000;

/** Reads from memory; `source` is the name in messages. */
export function parseSafetensors(bytes: Uint8Array, source = 'safetensors'): SafetensorsFile {
  const { tensors, metadata } = parseStored(bytes, source);
  return { tensors: decodeState(tensors, source), metadata };
}

/** The tensors in the file's dtypes, as views of `bytes`. */
export function parseStored(
  bytes: Uint8Array,
  source = 'safetensors',
): { tensors: StoredState; metadata: Record<string, string> } {
  const fail = (what: string): never => {
    throw new DetLabError(
      `Cannot read the tensors of "${source}": ${what}. The file is damaged, or not a safetensors file`,
    );
  };
  if (bytes.byteLength < 8) fail(`expected at least 8 bytes, received ${bytes.byteLength}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || headerBytes > bytes.byteLength - 8)
    fail(`its header is declared as ${headerBytes} bytes, the file has ${bytes.byteLength - 8} after the length field`);
  let header: Record<string, HeaderEntry | Record<string, string>>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes)));
  } catch (error) {
    return fail(`its header is not JSON (${(error as Error).message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) fail('its header is not an object');

  const start = 8 + headerBytes;
  const available = bytes.byteLength - start;
  const tensors: StoredState = new Map();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = entry as Record<string, string>;
      continue;
    }
    if (typeof entry !== 'object' || entry === null) fail(`expected an object for tensor "${name}"`);
    const { dtype, shape, data_offsets: offsets } = entry as HeaderEntry;
    if (!isStoredDtype(dtype))
      return fail(`tensor "${name}" has dtype ${dtype}, expected one of ${Object.keys(DTYPE_BYTES).join(', ')}`);
    if (!Array.isArray(shape) || !shape.every((d) => Number.isSafeInteger(d) && d >= 0))
      fail(`tensor "${name}" has no valid shape`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((o) => Number.isSafeInteger(o) && o >= 0))
      fail(`tensor "${name}" has no valid data_offsets`);
    const [begin, end] = offsets;
    const needed = elements(shape) * DTYPE_BYTES[dtype];
    if (end > available) fail(`tensor "${name}" ends at byte ${end} of ${available}`);
    if (end - begin !== needed)
      fail(
        `tensor "${name}" of shape [${shape.join(', ')}] and dtype ${dtype} needs ${needed} bytes, its range has ${end - begin}`,
      );
    tensors.set(name, { shape, dtype, bytes: bytes.subarray(start + begin, start + end) });
  }
  return { tensors, metadata };
}

/** The parts of a file in order: header length, header, bytes of each tensor. */
export function* safetensorsParts(tensors: StoredState, metadata: Record<string, string>): Generator<Uint8Array> {
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.byteLength] };
    offset += bytes.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // padded with spaces so that the data starts at a multiple of 8
  const headerBytes = Math.ceil(json.byteLength / 8) * 8;
  const head = new Uint8Array(8 + headerBytes).fill(0x20, 8);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(json, 8);
  yield head;
  for (const { bytes } of tensors.values()) yield bytes;
}

/**
 * The bytes of a file, tensors in the map's order; `num_batches_tracked` is written as I64, as in PyTorch.
 * @example serializeSafetensors(model.stateDict(), { format: 'pt' })
 */
export function serializeSafetensors(tensors: StateDict, metadata: Record<string, string> = {}): Uint8Array {
  const pieces = [...safetensorsParts(encodeState(tensors), metadata)];
  const file = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.byteLength;
  }
  return file;
}
