// Zip archives of torch.save: uncompressed entries, so that a tensor is a slice of the file; zip64 if large. Compressed
// entries (of an archive repacked by hand) are inflated within limits.

import { inflateRawSync } from 'node:zlib';
import { type Budget, type ByteSource, damaged } from './byte-source';

interface Entry {
  name: string;
  method: number;
  flags: number;
  /** Compressed and uncompressed bytes. */
  packed: number;
  size: number;
  /** Offset of its local header. */
  offset: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** Size limit of the central directory: about half a million entries. */
const MAX_DIRECTORY = 64 * 2 ** 20;

export const isZip = (source: ByteSource): boolean =>
  source.size >= 4 && view(source.read(0, 4, 'the first bytes')).getUint32(0, true) === LOCAL;

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export class ZipArchive {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly source: ByteSource,
    private readonly budget: Budget,
  ) {
    const { count, size, offset } = this.findDirectory();
    if (size > MAX_DIRECTORY)
      throw damaged(source, `expected a directory of at most ${MAX_DIRECTORY} bytes, received ${size}`);
    const bytes = source.read(offset, size, 'the directory');
    const at = view(bytes);
    let position = 0;
    for (let i = 0; i < count; i++) {
      if (position + 46 > size || at.getUint32(position, true) !== CENTRAL)
        throw damaged(
          source,
          `entry ${i} of ${count} in its directory is invalid. It is damaged or truncated: download it again`,
        );
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((k) => at.getUint16(position + k, true));
      const start = position + 46;
      const name = Buffer.from(bytes.subarray(start, start + nameLength)).toString('utf8');
      const extra = bytes.subarray(start + nameLength, start + nameLength + extraLength);
      const [packed, unpacked, local] = wide(
        [at.getUint32(position + 20, true), at.getUint32(position + 24, true), at.getUint32(position + 42, true)],
        extra,
      );
      this.entries.set(name, {
        name,
        flags: at.getUint16(position + 8, true),
        method: at.getUint16(position + 10, true),
        packed,
        size: unpacked,
        offset: local,
      });
      position = start + nameLength + extraLength + commentLength;
    }
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** Uncompressed size of an entry; undefined when there is none. */
  sizeOf(name: string): number | undefined {
    return this.entries.get(name)?.size;
  }

  /** The contents of an entry; of an uncompressed one, optionally only the first `length` bytes. */
  read(name: string, length?: number): Uint8Array {
    const { source } = this;
    const entry = this.entries.get(name);
    if (!entry) throw damaged(source, `it has no entry "${name}". It is damaged or truncated: download it again`);
    if (entry.flags & 1) throw damaged(source, `its entry "${name}" is encrypted. Save it without a password`);
    const local = view(source.read(entry.offset, 30, `the header of "${name}"`));
    if (local.getUint32(0, true) !== LOCAL)
      throw damaged(source, `its entry "${name}" does not start at byte ${entry.offset}, where the directory says`);
    const start = entry.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    if (entry.method === 0) {
      if (entry.packed !== entry.size)
        throw damaged(
          source,
          `its entry "${name}" is uncompressed, but has two sizes (${entry.packed}, ${entry.size})`,
        );
      return source.read(start, Math.min(length ?? entry.size, entry.size), `the entry "${name}"`);
    }
    if (entry.method !== 8)
      throw damaged(source, `its entry "${name}" has an unknown compression method ${entry.method}`);
    this.budget.charge(entry.size, `the compressed entry "${name}"`);
    const packed = source.read(start, entry.packed, `the entry "${name}"`);
    let bytes: Uint8Array;
    try {
      bytes = inflateRawSync(packed, { maxOutputLength: Math.max(entry.size, 1) });
    } catch (error) {
      throw damaged(source, `its entry "${name}" cannot be decompressed (${(error as Error).message})`);
    }
    if (bytes.byteLength !== entry.size)
      throw damaged(
        source,
        `its entry "${name}" has ${bytes.byteLength} bytes decompressed, its header declares ${entry.size}`,
      );
    return bytes;
  }

  /** Searches backwards: a comment of up to 64 KiB may follow the end record. */
  private findDirectory(): { count: number; size: number; offset: number } {
    const { source } = this;
    const tail = Math.min(source.size, 22 + 65535);
    const at = view(source.read(source.size - tail, tail, 'the end of the archive'));
    for (let i = tail - 22; i >= 0; i--) {
      if (at.getUint32(i, true) !== END) continue;
      const end = {
        count: at.getUint16(i + 10, true),
        size: at.getUint32(i + 12, true),
        offset: at.getUint32(i + 16, true),
      };
      if (end.count !== 0xffff && end.size !== 0xffffffff && end.offset !== 0xffffffff) return end;
      if (i < 20 || at.getUint32(i - 20, true) !== LOCATOR64) return end;
      const record = view(source.read(Number(at.getBigUint64(i - 12, true)), 56, 'the zip64 end record'));
      if (record.getUint32(0, true) !== END64) throw damaged(source, 'its zip64 end record is invalid');
      const [count, size, offset] = [32, 40, 48].map((k) => Number(record.getBigUint64(k, true)));
      return { count, size, offset };
    }
    throw damaged(source, 'it starts as a zip archive, but has no end record. It is truncated: download it again');
  }
}

/** Sizes and offset beyond 32 bits are in the zip64 extra field, in this order: uncompressed, compressed, offset. */
function wide([packed, unpacked, offset]: number[], extra: Uint8Array): [number, number, number] {
  const at = view(extra);
  for (let i = 0; i + 4 <= extra.byteLength; ) {
    const [id, length] = [at.getUint16(i, true), at.getUint16(i + 2, true)];
    const end = Math.min(i + 4 + length, extra.byteLength);
    if (id === 1) {
      let next = i + 4;
      const take = (value: number): number => {
        if (value !== 0xffffffff || next + 8 > end) return value;
        next += 8;
        return Number(at.getBigUint64(next - 8, true));
      };
      const size = take(unpacked);
      return [take(packed), size, take(offset)];
    }
    i = i + 4 + length;
  }
  return [packed, unpacked, offset];
}
