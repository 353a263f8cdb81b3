// Reads the JSON files of an evaluation: annotations and results, which may have a byte order mark.

import { open } from 'node:fs/promises';
import { DetLabError } from '../errors';

const MAX_FILE = 500 * 2 ** 20;

const tooLarge = (size: number): DetLabError => new DetLabError(`expected at most ${MAX_FILE} bytes, received ${size}`);

/** @throws DetLabError for a file that is not there, too large, or not JSON */
export async function readCocoJson(file: string, what: string): Promise<unknown> {
  let text = '';
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > MAX_FILE) throw tooLarge(size);
      text = (await handle.readFile()).toString('utf8');
    } finally {
      await handle.close();
    }
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    const python = error instanceof SyntaxError && /[[:,]\s*-?(NaN|Infinity)\b/.exec(text);
    const reason = python ? `it has ${python[1]}, as Python writes it, which is no JSON` : (error as Error).message;
    throw new DetLabError(`Cannot read the ${what} "${file}": ${reason}`);
  }
}

/**
 * The bytes of a file in memory that threads share, and a byte 0.
 * @throws DetLabError for a file that is not there, or too large
 */
export async function readShared(file: string, what: string): Promise<Buffer<SharedArrayBuffer>> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > MAX_FILE) throw tooLarge(size);
      const bytes = Buffer.from(new SharedArrayBuffer(size + 1));
      let end = 0;
      for (let read = 1; read > 0 && end < size; end += read)
        read = (await handle.read(bytes, end, size - end, end)).bytesRead;
      return bytes.subarray(0, end + 1);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new DetLabError(`Cannot read the ${what} "${file}": ${(error as Error).message}`);
  }
}
