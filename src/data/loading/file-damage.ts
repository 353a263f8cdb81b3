// Image files that are empty or cut off, found before an epoch by looking at their ends: a few bytes of each file are read,
// and only files that look damaged are decoded.

import { open } from 'node:fs/promises';
import { BadData } from '../bad-data';
import type { DataProblem } from '../types';
import { bmpHeader, isBmp } from './bmp';
import { decodeImage } from './decode';
import { pixelLimit } from './pixel-limit';
import { taskQueue } from './task-queue';

/** Datasets of more images are not looked through: damage is reported when a file is opened. */
const MAX_FILES = 20_000;
/** Files that look damaged and are decoded, at most. */
const MAX_DECODED = 200;
const AT_A_TIME = 16;
const END_BYTES = 64;

export interface CheckedImage {
  path: string;
  id: number | string;
  /** As annotated: above the pixel limit the file is decoded. */
  size?: { width: number; height: number };
}

/**
 * The problems of files that are empty or cannot be decoded, by path.
 *
 * @example (await damagedFiles([{ path: 'a.jpg', id: 1 }])).get('a.jpg')?.message
 */
export async function damagedFiles(images: readonly CheckedImage[]): Promise<Map<string, DataProblem>> {
  const found = new Map<string, DataProblem>();
  if (images.length > MAX_FILES) return found;
  const queue = taskQueue(AT_A_TIME);
  const limit = pixelLimit();
  const looks = await Promise.all(images.map(({ path }) => queue.run(() => looksWhole(path))));
  const doubtful = images.filter(({ size }, i) => !looks[i] || (size && size.width * size.height > limit));
  const problems = await Promise.all(
    doubtful.slice(0, MAX_DECODED).map(({ path, id }) => queue.run(() => problemOf(path, id))),
  );
  for (const problem of problems) if (problem) found.set(problem.file, problem);
  return found;
}

async function problemOf(path: string, id: number | string): Promise<DataProblem | undefined> {
  try {
    await decodeImage(path, id);
    return undefined;
  } catch (error) {
    if (error instanceof BadData) return error.problem;
    throw error;
  }
}

/** Whether the file ends as its format does; true for formats without an end. */
async function looksWhole(path: string): Promise<boolean> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch {
    return false; // decoding says why
  }
  try {
    const { size } = await file.stat();
    if (size === 0) return false;
    const head = Buffer.alloc(Math.min(END_BYTES, size));
    const tail = Buffer.alloc(Math.min(END_BYTES, size));
    await file.read(head, 0, head.length, 0);
    await file.read(tail, 0, tail.length, size - tail.length);
    return endsWell(head, tail, size);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

const [JPEG_START, JPEG_END] = [Buffer.of(0xff, 0xd8), Buffer.of(0xff, 0xd9)];
const [PNG_START, PNG_END] = [Buffer.from('\x89PNG', 'latin1'), Buffer.from('IEND\xae\x42\x60\x82', 'latin1')];

function endsWell(head: Buffer, tail: Buffer, size: number): boolean {
  const startsWith = (bytes: Buffer) => head.subarray(0, bytes.length).equals(bytes);
  const text = head.toString('latin1', 0, 12);
  if (startsWith(JPEG_START)) return tail.subarray(-2).equals(JPEG_END);
  if (startsWith(PNG_START)) return tail.includes(PNG_END);
  if (text.startsWith('GIF8')) return tail.at(-1) === 0x3b;
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return head.readUInt32LE(4) + 8 <= size;
  if (isBmp(head)) return bmpHeader(head).end <= size;
  // TIFF, AVIF and PNM: whole as far as their ends say
  return /^(II|MM|P[1-6])/.test(text) || text.slice(4, 8) === 'ftyp';
}
