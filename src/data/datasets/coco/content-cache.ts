// The content of a large COCO file as it was read, in DetLab's cache folder, so that a file is parsed once. It is known by the
// file's path, size and time of change; one that was written while it was read, or just before, is not kept.

import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot, places } from '../../../paths';
import { AnnotationChunk, CHUNK_BITS } from './annotation-chunk';
import { AnnotationTable } from './annotation-table';
import type { CocoContent } from './content';

const MEGABYTE = 2 ** 20;
const MAGIC = Buffer.from('DLCOCO1\n');
/** Entries of a piece of JSON text, which must fit a string. */
const PIECE = 20_000;
/** Bytes of a header and of a piece of text, at most; a damaged file may say anything. */
const LARGEST_TEXT = 256 * MEGABYTE;
/** A time of change this close to now does not tell whether the file changed since. */
const RACY_MS = 2_000;

export interface ContentCacheOptions {
  folder?: string;
  /** Files from this size are kept; smaller ones are parsed faster than they are looked for. */
  leastBytes?: number;
  /** What is kept of a file, and of all, at most; those used longest ago go first. */
  fileBytes?: number;
  allBytes?: number;
}

interface Identity {
  file: string;
  size: number;
  changed: number;
}

interface Header extends Identity {
  version: string;
  length: number;
  panoptic: boolean;
  notices: string[];
  /** Lengths of the pieces of JSON, in bytes. */
  images: number[];
  categories: number[];
  objects: number[];
  /** 1 for chunks with outlines. */
  outlined: number[];
  blocks: number[];
}

/**
 * What `read` gives for `file`, from the cache where it is kept there. `DETLAB_ANNOTATION_CACHE` is another folder for it, or 0 for
 * none.
 *
 * @example await cachedContent('instances_train2017.json', readContent)
 */
export async function cachedContent(
  file: string,
  read: (file: string) => Promise<CocoContent>,
  {
    folder = process.env.DETLAB_ANNOTATION_CACHE || path.join(places.cache(), 'annotations'),
    leastBytes = 16 * MEGABYTE,
    fileBytes = 2048 * MEGABYTE,
    allBytes = 4096 * MEGABYTE,
  }: ContentCacheOptions = {},
): Promise<CocoContent> {
  const identity = process.env.DETLAB_ANNOTATION_CACHE === '0' ? undefined : await identityOf(file);
  if (!identity || identity.size < leastBytes) return read(file);
  const place = path.join(folder, `${createHash('sha256').update(identity.file).digest('hex').slice(0, 32)}.columns`);
  const kept = await readKept(place, identity).catch(() => undefined); // absent, damaged or of another version
  if (kept) return kept;
  const content = await read(file);
  const isSettled = Date.now() - identity.changed > RACY_MS;
  if (isSettled && isSame(identity, await identityOf(file)))
    // a full disk or a folder that cannot be written costs the time of the next parse, nothing else
    await keep(place, content, identity, fileBytes)
      .then(() => removeOldest(folder, allBytes))
      .catch(() => undefined);
  return content;
}

async function identityOf(file: string): Promise<Identity | undefined> {
  try {
    const { size, mtimeMs } = await stat(file);
    return { file: path.resolve(file), size, changed: mtimeMs };
  } catch {
    return undefined; // the reader says what is wrong
  }
}

const isSame = (a: Identity, b: Identity | undefined): boolean =>
  a.file === b?.file && a.size === b.size && a.changed === b.changed;

/** What the reading depends on beside the file. */
const version = (): string => (require(path.join(packageRoot, 'package.json')) as { version: string }).version;

const columnsOf = (chunk: AnnotationChunk): (Float64Array | Uint32Array | Uint8Array)[] => [
  chunk.ids,
  chunk.images,
  chunk.categories,
  chunk.boxes,
  chunk.areas,
  chunk.flags,
  ...(chunk.outlines && chunk.outlineLengths ? [chunk.outlines, chunk.outlineLengths] : []),
];

const bytesOf = (list: readonly ArrayBufferView[]): number => list.reduce((sum, { byteLength }) => sum + byteLength, 0);

function piecesOf(entries: readonly unknown[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let i = 0; i < entries.length; i += PIECE) pieces.push(Buffer.from(JSON.stringify(entries.slice(i, i + PIECE))));
  return pieces;
}

/** Writes beside the place and renames, so that no reader sees half of it. */
async function keep(place: string, content: CocoContent, identity: Identity, fileBytes: number): Promise<void> {
  const { annotations: table } = content;
  const chunks = table.chunks.reduce((sum, chunk) => sum + bytesOf(columnsOf(chunk)), 0);
  const columns = chunks + bytesOf(table.texts.blocks);
  if (columns > fileBytes) return;
  await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(path.dirname(place));
  if (bavail * bsize < 4 * (columns + identity.size)) return;
  const [images, categories] = [piecesOf(content.images), piecesOf(content.categories)];
  const objects = piecesOf([...table.objects]);
  const lengths = (list: readonly ArrayBufferView[]) => list.map(({ byteLength }) => byteLength);
  const header: Header = {
    ...identity,
    version: version(),
    length: table.length,
    panoptic: table.panoptic,
    notices: content.notices,
    images: lengths(images),
    categories: lengths(categories),
    objects: lengths(objects),
    outlined: table.chunks.map(({ outlines }) => (outlines ? 1 : 0)),
    blocks: lengths(table.texts.blocks),
  };
  const text = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(MAGIC.length + 4);
  MAGIC.copy(start);
  start.writeUInt32LE(text.length, MAGIC.length);
  const draft = `${place}.${process.pid}.part`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await writeAll(handle, [start, text, ...images, ...categories, ...objects]);
      for (const chunk of table.chunks) await writeAll(handle, columnsOf(chunk));
      for (const block of table.texts.blocks) await writeAll(handle, [block]);
    } finally {
      await handle.close();
    }
    await rename(draft, place);
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeAll(handle: FileHandle, views: readonly NodeJS.ArrayBufferView[]): Promise<void> {
  const { bytesWritten } = await handle.writev(views);
  if (bytesWritten !== bytesOf(views)) throw new Error('incomplete');
}

/** @returns undefined when it is of another file, or of this one before it changed */
async function readKept(place: string, identity: Identity): Promise<CocoContent | undefined> {
  const handle = await open(place, 'r');
  try {
    const start = await readBytes(handle, MAGIC.length + 4);
    if (!start.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    const header = JSON.parse((await readBytes(handle, start.readUInt32LE(MAGIC.length))).toString()) as Header;
    if (!isSame(identity, header) || header.version !== version()) return undefined;
    const [images, categories] = [await readPieces(handle, header.images), await readPieces(handle, header.categories)];
    const objects = (await readPieces(handle, header.objects)) as [number, unknown][];
    const table = new AnnotationTable();
    table.length = header.length;
    table.panoptic = header.panoptic;
    for (const [index, entry] of objects) table.objects.set(index, entry);
    if (header.outlined.length !== Math.ceil(header.length / (1 << CHUNK_BITS))) return undefined;
    for (const outlined of header.outlined) {
      const chunk = new AnnotationChunk();
      if (outlined) chunk.setOutline(0, 0, 0);
      await readInto(handle, columnsOf(chunk));
      table.chunks.push(chunk);
    }
    const { size } = await handle.stat();
    if (header.blocks.reduce((sum, length) => sum + length, 0) > size) return undefined;
    const blocks = header.blocks.map((length) => new Uint8Array(new SharedArrayBuffer(length)));
    for (const block of blocks) await readInto(handle, [block]);
    table.texts.restore(blocks);
    const now = new Date();
    await utimes(place, now, now).catch(() => undefined); // in a folder of somebody else's
    return { images, categories, annotations: table, notices: header.notices };
  } finally {
    await handle.close();
  }
}

async function readBytes(handle: FileHandle, length: number): Promise<Buffer> {
  if (length > LARGEST_TEXT) throw new Error('damaged');
  const bytes = Buffer.alloc(length);
  await readInto(handle, [bytes]);
  return bytes;
}

async function readPieces(handle: FileHandle, lengths: readonly number[]): Promise<unknown[]> {
  const entries: unknown[] = [];
  for (const length of lengths)
    for (const entry of JSON.parse((await readBytes(handle, length)).toString())) entries.push(entry);
  return entries;
}

async function readInto(handle: FileHandle, views: readonly NodeJS.ArrayBufferView[]): Promise<void> {
  const { bytesRead } = await handle.readv(views);
  if (bytesRead !== bytesOf(views)) throw new Error('damaged');
}

/** Removes those used longest ago until all together are at most `allBytes`. */
async function removeOldest(folder: string, allBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.columns'));
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(path.join(folder, name));
      return { name, size, used: mtimeMs };
    }),
  );
  files.sort((a, b) => b.used - a.used);
  let sum = 0;
  for (const { name, size } of files) {
    sum += size;
    if (sum > allBytes) await rm(path.join(folder, name), { force: true });
  }
}
