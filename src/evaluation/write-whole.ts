// Writes a file whole or not at all; one that is there, also a link, is replaced.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DetLabError } from '../errors';

/**
 * @param content of an iterable, one piece after the other
 * @throws DetLabError naming the file
 */
export async function writeWhole(file: string, content: string | Uint8Array | Iterable<string>): Promise<void> {
  const partial = path.join(path.dirname(file), `.${crypto.randomUUID()}.partial`);
  try {
    await writeFile(partial, content, { flag: 'wx' });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw new DetLabError(`Cannot write "${file}": ${(error as Error).message}`);
  }
}

/** Writes a file and the folder that it is in. @returns its absolute path */
export async function writeInFolder(file: string, content: Parameters<typeof writeWhole>[1]): Promise<string> {
  const target = path.resolve(file);
  try {
    await mkdir(path.dirname(target), { recursive: true });
  } catch (error) {
    throw new DetLabError(`Cannot make the folder of "${target}": ${(error as Error).message}`);
  }
  await writeWhole(target, content);
  return target;
}
