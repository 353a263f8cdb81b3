// A zip archive whose files are not compressed, for servers that take results as one file (PKWARE's APPNOTE 6.3.10).

import { crc32 } from 'node:zlib';

/** 1 January 1980, midnight: the archive is the same at any time. */
const DATE = 0x21;

function header(
  signature: number,
  size: number,
  fields: readonly [offset: number, bytes: 2 | 4, value: number][],
): Buffer {
  const head = Buffer.alloc(size);
  head.writeUInt32LE(signature, 0);
  for (const [offset, bytes, value] of fields) head.writeUIntLE(value, offset, bytes);
  return head;
}

/** @param files names and texts */
export function storedZip(files: readonly (readonly [name: string, text: string])[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of files) {
    const [label, bytes] = [Buffer.from(name), Buffer.from(text)];
    // version 2.0, date, checksum and sizes stand in one order in both headers
    const common = (at: number): [number, 2 | 4, number][] => [
      [at, 2, 20],
      [at + 8, 2, DATE],
      [at + 10, 4, crc32(bytes)],
      [at + 14, 4, bytes.length],
      [at + 18, 4, bytes.length],
      [at + 22, 2, label.length],
    ];
    directory.push(header(0x02014b50, 46, [[4, 2, 20], ...common(6), [42, 4, offset]]), label);
    locals.push(header(0x04034b50, 30, common(4)), label, bytes);
    offset += 30 + label.length + bytes.length;
  }
  const listed = Buffer.concat(directory);
  const end = header(0x06054b50, 22, [
    [8, 2, files.length],
    [10, 2, files.length],
    [12, 4, listed.length],
    [16, 4, offset],
  ]);
  return Buffer.concat([...locals, listed, end]);
}
