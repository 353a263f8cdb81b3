// Reads and writes safetensors (https://huggingface.co/docs/safetensors): an 8-byte little-endian header length, a JSON
// header naming every tensor's dtype, shape and byte range, then the bytes. A StateDict holds float32 and int32 only:
// F16, BF16 and F64 are widened or rounded to float32; I64, I16, I8, U8 and BOOL become int32.

import { readFileSync, writeFileSync } from 'node:fs';
import { DetLabError } from '../errors';
import type { StateDict, StateTensor } from './module';

export interface SafetensorsFile {
  tensors: StateDict;
  /** The header's `__metadata__`: strings by name. */
  metadata: Record<string, string>;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** What the reference implementation accepts; a longer header is a damaged length field. */
const MAX_HEADER_BYTES = 100_000_000;

const BYTES: Record<string, number> = {
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
};

/**
 * Reads a whole file.
 * @throws DetLabError naming the file and, where it is one tensor's fault, the tensor.
 * @example const { tensors, metadata } = readSafetensors('test/golden/neck_fpn_basic.safetensors');
 */
export function readSafetensors(path: string): SafetensorsFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new DetLabError(`Cannot read the tensors of "${path}": ${(error as Error).message}`);
  }
  return parseSafetensors(bytes, path);
}

/** The same from memory; `source` names the bytes in messages. */
export function parseSafetensors(bytes: Uint8Array, source = 'safetensors'): SafetensorsFile {
  const fail = (what: string): never => {
    throw new DetLabError(
      `Cannot read the tensors of "${source}": ${what}. The file is damaged or no safetensors file`,
    );
  };
  if (bytes.byteLength < 8) fail(`expected at least 8 bytes, received ${bytes.byteLength}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || headerBytes > bytes.byteLength - 8)
    fail(`its header claims ${headerBytes} bytes, the file has ${bytes.byteLength - 8} behind the length field`);
  let header: Record<string, HeaderEntry | Record<string, string>>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes)));
  } catch (error) {
    return fail(`its header is not JSON (${(error as Error).message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) fail('its header is not an object');

  const start = 8 + headerBytes;
  const available = bytes.byteLength - start;
  const tensors: StateDict = new Map();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = entry as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = entry as HeaderEntry;
    const width =
      BYTES[dtype] ?? fail(`tensor "${name}" has dtype ${dtype}, known are ${Object.keys(BYTES).join(', ')}`);
    if (!Array.isArray(shape) || !shape.every((d) => Number.isSafeInteger(d) && d >= 0))
      fail(`tensor "${name}" has no valid shape`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((o) => Number.isSafeInteger(o) && o >= 0))
      fail(`tensor "${name}" has no valid data_offsets`);
    const [begin, end] = offsets;
    const count = shape.reduce((a, b) => a * b, 1);
    if (end > available) fail(`tensor "${name}" ends at byte ${end} of ${available}`);
    if (end - begin !== count * width)
      fail(
        `tensor "${name}" of shape [${shape.join(', ')}] and dtype ${dtype} needs ${count * width} bytes, its range has ${end - begin}`,
      );
    tensors.set(name, decode(bytes, start + begin, count, dtype, shape, name, source));
  }
  return { tensors, metadata };
}

function decode(
  bytes: Uint8Array,
  offset: number,
  count: number,
  dtype: string,
  shape: number[],
  name: string,
  source: string,
): StateTensor {
  // a copy also aligns the data, which may start at any byte of the file (Buffer's own `slice` would not copy)
  const raw = new Uint8Array(bytes.subarray(offset, offset + count * BYTES[dtype])).buffer;
  const float = (data: Float32Array): StateTensor => ({ shape, dtype: 'float32', data });
  const int = (data: Int32Array): StateTensor => ({ shape, dtype: 'int32', data });
  switch (dtype) {
    case 'F32':
      return float(new Float32Array(raw));
    case 'F64':
      return float(Float32Array.from(new Float64Array(raw)));
    case 'F16':
      return float(Float32Array.from(new Uint16Array(raw), halfToFloat));
    case 'BF16': {
      // bfloat16 is the upper half of a float32
      const bits = new Uint16Array(raw);
      const wide = new Uint32Array(count);
      for (let i = 0; i < count; i++) wide[i] = bits[i] << 16;
      return float(new Float32Array(wide.buffer));
    }
    case 'I32':
      return int(new Int32Array(raw));
    case 'I64': {
      const values = new BigInt64Array(raw);
      const data = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        data[i] = Number(values[i]);
        if (BigInt(data[i]) !== values[i])
          throw new DetLabError(
            `Cannot read tensor "${name}" of "${source}": its value ${values[i]} does not fit 32 bits`,
          );
      }
      return int(data);
    }
    case 'I16':
      return int(Int32Array.from(new Int16Array(raw)));
    case 'I8':
      return int(Int32Array.from(new Int8Array(raw)));
    default:
      return int(Int32Array.from(new Uint8Array(raw)));
  }
}

/** IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. */
function halfToFloat(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** PyTorch counts batches in int64 and refuses to load anything else there. */
const isInt64InTorch = (name: string) => name.endsWith('num_batches_tracked');

/**
 * One contiguous file image, tensors in the map's order; `num_batches_tracked` is written as I64, as PyTorch has it.
 * @example serializeSafetensors(model.stateDict(), { format: 'pt' })
 */
export function serializeSafetensors(tensors: StateDict, metadata: Record<string, string> = {}): Uint8Array {
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const wide = tensor.dtype === 'int32' && isInt64InTorch(name);
    const data = wide ? BigInt64Array.from(tensor.data as Int32Array, BigInt) : tensor.data;
    const part = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[name] = {
      dtype: wide ? 'I64' : tensor.dtype === 'int32' ? 'I32' : 'F32',
      shape: tensor.shape,
      data_offsets: [offset, offset + part.byteLength],
    };
    parts.push(part);
    offset += part.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  // padded with blanks so that the data starts at a multiple of 8
  const headerBytes = Math.ceil(json.byteLength / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const part of parts) {
    file.set(part, at);
    at += part.byteLength;
  }
  return file;
}

/** Writes a file in one go; for a file that must survive a crash use the training's checkpoints. */
export function writeSafetensors(path: string, tensors: StateDict, metadata: Record<string, string> = {}): void {
  writeFileSync(path, serializeSafetensors(tensors, metadata));
}
