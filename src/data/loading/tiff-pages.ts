// The pages of a TIFF: not the smaller copies of an image that aerial and microscopic ones hold besides (overviews, pyramids), nor
// its masks, which their directories say of themselves.

import { open } from 'node:fs/promises';

/** Gives bytes of the file, fewer at its end. */
type Read = (from: number, count: number) => Promise<Buffer>;

const NEW_SUBFILE_TYPE = 254;
const REDUCED = 1;
const MASK = 4;
const MAX_DIRECTORIES = 65_535;
/** What TIFF's own numbers of 2 bytes can say; BigTIFF's have 8. */
const MAX_ENTRIES = 65_535;

/**
 * Numbers of the directories that are pages, from 0.
 *
 * @param source path, or the bytes of a file
 * @throws Node's error for a file that cannot be read; RangeError for one that is cut off, or whose directory cannot be one
 */
export async function tiffPages(source: string | Uint8Array): Promise<number[]> {
  if (typeof source !== 'string')
    return pagesOf(async (from, count) =>
      Buffer.from(source.buffer, source.byteOffset, source.byteLength).subarray(from, from + count),
    );
  const handle = await open(source, 'r');
  try {
    return await pagesOf(async (from, count) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, from);
      return buffer.subarray(0, bytesRead);
    });
  } finally {
    await handle.close();
  }
}

async function pagesOf(read: Read): Promise<number[]> {
  const header = await read(0, 16);
  const isLittle = header[0] === 0x49;
  const unsigned = (bytes: Buffer, at: number, length: 2 | 4 | 8): number =>
    length === 8
      ? Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
      : isLittle
        ? bytes.readUIntLE(at, length)
        : bytes.readUIntBE(at, length);
  // BigTIFF has offsets of 8 bytes
  const isBig = unsigned(header, 2, 2) === 43;
  const [offsetSize, countSize, entrySize] = isBig ? ([8, 8, 20] as const) : ([4, 2, 12] as const);
  const pages: number[] = [];
  const seen = new Set<number>();
  let at = unsigned(header, isBig ? 8 : 4, offsetSize);
  for (let index = 0; at !== 0 && !seen.has(at) && index < MAX_DIRECTORIES; index++) {
    seen.add(at);
    const count = unsigned(await read(at, countSize), 0, countSize);
    if (count > MAX_ENTRIES)
      throw new RangeError(`expected at most ${MAX_ENTRIES} entries of a directory, received ${count}`);
    const entries = await read(at + countSize, count * entrySize + offsetSize);
    let kind = 0;
    for (let entry = 0; entry < count; entry++)
      if (unsigned(entries, entry * entrySize, 2) === NEW_SUBFILE_TYPE)
        kind = unsigned(entries, entry * entrySize + (isBig ? 12 : 8), 4);
    if ((kind & (REDUCED | MASK)) === 0) pages.push(index);
    at = unsigned(entries, count * entrySize, offsetSize);
  }
  return pages;
}
