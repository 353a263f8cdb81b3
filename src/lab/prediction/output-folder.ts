// Writes files into one folder and nowhere else: links in it are not followed out of it, and a file is there whole or not at all.

import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { writeWhole } from '../../evaluation';

export class OutputFolder {
  readonly root: string;

  constructor(folder: string) {
    this.root = path.resolve(folder);
  }

  /** @throws DetLabError when it cannot be made */
  async make(): Promise<void> {
    try {
      await mkdir(this.root, { recursive: true });
    } catch (error) {
      throw new DetLabError(`Cannot make the folder "${this.root}": ${(error as Error).message}`);
    }
  }

  /**
   * @param file path inside the folder
   * @throws DetLabError for a path outside of it, also by a link
   */
  async write(file: string, content: string | Uint8Array): Promise<void> {
    const target = path.resolve(this.root, file);
    const folder = path.dirname(target);
    const outside = () => new DetLabError(`Cannot write "${target}": it is outside of "${this.root}"`);
    if (!isInside(this.root, target)) throw outside();
    await mkdir(folder, { recursive: true });
    if (folder !== this.root && !isInside(await realpath(this.root), await realpath(folder))) throw outside();
    await writeWhole(target, content);
  }
}

function isInside(root: string, file: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
