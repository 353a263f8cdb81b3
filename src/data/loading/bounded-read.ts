// Reads files of unknown size: a limit is checked before the bytes are read into memory.

import { type FileHandle, open } from 'node:fs/promises';
import { DetLabError } from '../../errors';

const MEGABYTE = 2 ** 20;

/** Size limits in bytes (a JSON text must fit a V8 string). */
export const LIMITS = { image: 256 * MEGABYTE, json: 500 * MEGABYTE, xml: 16 * MEGABYTE, list: 64 * MEGABYTE } as const;

/**
 * The bytes of a file of at most `limit` bytes.
 * @throws DetLabError when it is larger or not a regular file; Node's error (`code: 'ENOENT'`) when it does not exist.
 */
export async function readBounded(file: string, limit: number): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw new DetLabError(`Cannot read "${file}": expected a file, received a directory or device`);
    if (stat.size > limit)
      throw new DetLabError(
        `Cannot read "${file}": expected at most ${Math.round(limit / MEGABYTE)} MiB, received ${Math.round(stat.size / MEGABYTE)} MiB`,
      );
    return await handle.readFile();
  } finally {
    await handle?.close();
  }
}

/** The first bytes of a file, at most `count`. @throws Node's error (`code: 'ENOENT'`) when it does not exist. */
export async function readStart(file: string, count: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
