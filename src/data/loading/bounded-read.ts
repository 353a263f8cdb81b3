// Reads files of unknown size: a limit is checked before the bytes are read into memory.

import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { meantFile } from './meant-file';

const MEGABYTE = 2 ** 20;

/** Size limits in bytes (a JSON text must fit a V8 string). */
export const LIMITS = { image: 256 * MEGABYTE, json: 500 * MEGABYTE, xml: 16 * MEGABYTE, list: 64 * MEGABYTE } as const;

/** A file that cannot be opened; `code` is that of the system. */
class Unopened extends DetLabError {
  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(message);
  }
}

/** A file to read. @throws DetLabError that says which part of its path is not there, with `near` the nearest name too. */
async function opened(file: string, near = true): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? missingPart(file, near) : code === 'EACCES' ? 'you may not read it' : message;
    throw new Unopened(`Cannot read "${file}": ${why}`, code);
  }
}

/** The first part of a path that is not there. */
function missingPart(file: string, near: boolean): string {
  const whole = path.resolve(file);
  let part = whole;
  while (!existsSync(path.dirname(part))) part = path.dirname(part);
  const what = part === whole ? 'there is no such file' : `there is no folder "${part}"`;
  return `${what}.${near ? meantFile(part) : ''}`;
}

/**
 * The bytes of a file of at most `limit` bytes.
 * @throws DetLabError when it is larger or not a regular file, or cannot be opened (`code`, of Node's error, is 'ENOENT' when it
 * does not exist). With `near` its message has the nearest name in the folder, which takes time where many files are missing.
 */
export async function readBounded(file: string, limit: number, { near = true } = {}): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await opened(file, near);
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

/** The first bytes of a file, at most `count`. @throws DetLabError (`code: 'ENOENT'`) when it does not exist. */
export async function readStart(file: string, count: number): Promise<Buffer> {
  const handle = await opened(file, false);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
