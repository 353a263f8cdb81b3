// Reading files whose size nobody vouches for: a limit is checked before the bytes are taken into memory.

import { type FileHandle, open } from 'node:fs/promises';
import { DetLabError } from '../errors';

const MEGABYTE = 2 ** 20;

/** Largest files of each sort that are read (a JSON text must fit a V8 string). */
export const LIMITS = { image: 256 * MEGABYTE, json: 500 * MEGABYTE, xml: 16 * MEGABYTE, list: 64 * MEGABYTE } as const;

/**
 * The bytes of a file no larger than `limit`.
 * @throws DetLabError when it is larger or no regular file; Node's own error (`code: 'ENOENT'`) when it is absent.
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
