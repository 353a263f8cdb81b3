// The files below a folder, by their paths relative to it without extension: what annotations, lists and images of one
// sample have in common.

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { IMAGE_EXTENSIONS } from '../../loading/decode';

/** Deeper folders are not read: links may form a circle. */
const MAX_DEPTH = 8;

export interface TreeFile {
  /** Absolute. */
  path: string;
  /** Relative to the root with `/`, without extension: `day1/a`. */
  stem: string;
  /** Lower case, with its dot. */
  extension: string;
}

/** `a.jpg` and `a.xml` as `a`; other dots belong to the name. */
export function withoutExtension(name: string): string {
  const extension = path.extname(name).toLowerCase();
  return extension === '.xml' || IMAGE_EXTENSIONS.includes(extension) ? name.slice(0, -extension.length) : name;
}

/** The files of some extensions below `root` in the order of their names; none when there is no such folder. */
export function filesBelow(root: string, extensions: readonly string[], depth = MAX_DEPTH): TreeFile[] {
  const files: TreeFile[] = [];
  const known = new Set(extensions);
  const visit = (folder: string, prefix: string, left: number): void => {
    for (const { name, isFolder } of entriesOf(folder)) {
      const full = path.join(folder, name);
      const extension = path.extname(name);
      if (isFolder) {
        if (left > 0) visit(full, `${prefix}${name}/`, left - 1);
      } else if (known.has(extension.toLowerCase()) && !name.startsWith('._')) {
        // "._a.jpg" is what macOS writes beside "a.jpg" on other file systems
        files.push({ path: full, stem: prefix + path.basename(name, extension), extension: extension.toLowerCase() });
      }
    }
  };
  visit(root, '', depth);
  return files;
}

/** The names of the folders in a folder; none when it cannot be listed. */
export const foldersIn = (folder: string): string[] =>
  entriesOf(folder)
    .filter(({ isFolder }) => isFolder)
    .map(({ name }) => name);

function entriesOf(folder: string): { name: string; isFolder: boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .map((entry) => ({
        name: entry.name,
        isFolder: entry.isSymbolicLink() ? isLinkedFolder(path.join(folder, entry.name)) : entry.isDirectory(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isLinkedFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    return false; // a link to nothing: the file is reported when it is opened
  }
}
