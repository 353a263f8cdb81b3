// Image files that are empty or cut off, found before an epoch by looking at their ends: a few bytes of each file are read,
// and only files that look damaged are decoded.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
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
const DECODED_AT_A_TIME = 4;
const END_BYTES = 64;
/** Files that are looked at before other work has its turn. */
const FILES_A_TURN = 256;

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
  const limit = pixelLimit();
  const doubtful: CheckedImage[] = [];
  for (const [i, image] of images.entries()) {
    const { path, size } = image;
    if (!looksWhole(path) || (size && size.width * size.height > limit)) doubtful.push(image);
    if (i % FILES_A_TURN === FILES_A_TURN - 1) await new Promise(setImmediate);
  }
  const queue = taskQueue(DECODED_AT_A_TIME);
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

const [head, tail] = [Buffer.alloc(END_BYTES), Buffer.alloc(END_BYTES)];

/**
 * Whether the file ends as its format does; true for formats without an end. Without promises: their turns take ten times as
 * long as the reads.
 */
function looksWhole(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    if (size === 0) return false;
    const length = Math.min(END_BYTES, size);
    readSync(file, head, 0, length, 0);
    readSync(file, tail, 0, length, size - length);
    return endsWell(head.subarray(0, length), tail.subarray(0, length), size);
  } catch {
    return false; // decoding says why
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const [JPEG_START, JPEG_END] = [Buffer.of(0xff, 0xd8), Buffer.of(0xff, 0xd9)];
const [PNG_START, PNG_END] = [Buffer.from('\x89PNG', 'latin1'), Buffer.from('IEND\xae\x42\x60\x82', 'latin1')];

function endsWell(start: Buffer, end: Buffer, size: number): boolean {
  const startsWith = (bytes: Buffer) => start.subarray(0, bytes.length).equals(bytes);
  const text = start.toString('latin1', 0, 12);
  if (startsWith(JPEG_START)) return end.subarray(-2).equals(JPEG_END);
  if (startsWith(PNG_START)) return end.includes(PNG_END);
  if (text.startsWith('GIF8')) return end.at(-1) === 0x3b;
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return start.readUInt32LE(4) + 8 <= size;
  if (isBmp(start)) return bmpHeader(start).end <= size;
  // TIFF, AVIF and PNM: whole as far as their ends say
  return /^(II\*\0|MM\0\*|P[1-6]\s|....ftypavi[fs])/s.test(text);
}
