// The source of a checkpoint's bytes: a file read in slices, or memory. Every slice is checked against the size, so that a
// false header causes an error instead of an out-of-bounds read.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DetLabError } from '../errors';

export interface ByteSource {
  /** The file's name in messages. */
  readonly name: string;
  readonly size: number;
  /** @throws DetLabError when the range is not inside the file. */
  read(offset: number, length: number, what: string): Uint8Array;
  close(): void;
}

/** An error about one file. */
export const damaged = (source: { name: string }, what: string): DetLabError =>
  new DetLabError(`Cannot read the checkpoint "${source.name}": ${what}`);

function checkRange(source: ByteSource, offset: number, length: number, what: string): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0)
    if (offset + length <= source.size) return;
  throw damaged(
    source,
    `expected ${what} at bytes ${offset} to ${offset + length}, the file has ${source.size}. It is damaged or truncated: download it again`,
  );
}

/** @throws DetLabError when there is no such file. */
export function openFile(path: string): ByteSource {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new DetLabError(`Cannot read the checkpoint "${path}": ${(error as Error).message}`);
  }
  const stats = fstatSync(file);
  if (!stats.isFile()) {
    closeSync(file);
    throw new DetLabError(`Cannot read the checkpoint "${path}": expected a file, received a folder or device`);
  }
  return {
    name: path,
    size: stats.size,
    read(offset, length, what) {
      checkRange(this, offset, length, what);
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
      for (let at = 0; at < length; ) {
        const got = readSync(file, bytes, at, Math.min(length - at, 2 ** 30), offset + at);
        if (got === 0) throw damaged(this, `${what} ends early: the file changed while it was read`);
        at += got;
      }
      return bytes;
    },
    close: () => closeSync(file),
  };
}

export function inMemory(bytes: Uint8Array, name = 'checkpoint'): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read(offset, length, what) {
      checkRange(this, offset, length, what);
      return bytes.subarray(offset, offset + length);
    },
    close() {},
  };
}

/** Bound on the bytes that reading may allocate beyond the file's size: compressed entries, tensors with repeating strides. */
export class Budget {
  private left: number;

  constructor(private readonly source: ByteSource) {
    this.left = 256 * 2 ** 20 + 4 * source.size;
  }

  charge(bytes: number, what: string): void {
    this.left -= bytes;
    if (this.left >= 0 && Number.isSafeInteger(bytes)) return;
    throw damaged(
      this.source,
      `${what} would take ${bytes} bytes, far more than a file of ${this.source.size} bytes can legitimately hold. Do not trust it`,
    );
  }
}
