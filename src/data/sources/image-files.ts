// The image files of a folder or a pattern, in natural order (2 before 10); and the name that was meant by one that is not there.

import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import picomatch from 'picomatch';
import { IMAGE_EXTENSIONS } from '../loading/decode';

export const VIDEO_EXTENSIONS: readonly string[] = [
  '.mp4',
  '.mov',
  '.avi',
  '.mkv',
  '.webm',
  '.m4v',
  '.mpg',
  '.mpeg',
  '.wmv',
  '.flv',
  '.3gp',
  '.ogv',
  '.mts',
  '.m2ts',
];

const extensionOf = (file: string): string => path.extname(file).toLowerCase();
export const isImageName = (file: string): boolean => IMAGE_EXTENSIONS.includes(extensionOf(file));
export const isVideoName = (file: string): boolean => VIDEO_EXTENSIONS.includes(extensionOf(file));

const natural = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1);

export interface FoundFiles {
  /** Paths of images, below what was given. */
  images: string[];
  /** Of videos, which a folder or pattern has besides. */
  videos: string[];
}

/** The files in a folder, not those of folders in it. Hidden files (as macOS writes them: `._a.jpg`) are no images. */
export function filesOfFolder(folder: string): FoundFiles {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  return sorted(names.map((name) => path.join(folder, name)));
}

/** Whether a text is a pattern, and no existing file has it as its name. */
export const isPattern = (text: string): boolean => picomatch.scan(text).isGlob && !existsSync(text);

/** The files that a pattern matches: `images/*.jpg`, `photos/**`, `{a,b}/[0-9]*.png`. */
export function filesOfPattern(pattern: string): FoundFiles {
  const { base, glob } = picomatch.scan(pattern.split(path.sep).join('/'));
  const isMatch = picomatch(glob);
  const root = base === '' ? (pattern.startsWith('/') ? '/' : '.') : base;
  const found: string[] = [];
  // `above`: the folders around it, into which links may lead back
  const visit = (inside: string, above: readonly string[]): void => {
    let [entries, real]: [string[], string] = [[], ''];
    try {
      real = realpathSync(path.join(root, inside));
      entries = above.includes(real) ? [] : readdirSync(real);
    } catch {
      return; // no folder, or one that may not be read
    }
    for (const name of entries) {
      if (name.startsWith('.')) continue;
      const relative = inside === '' ? name : `${inside}/${name}`;
      const file = path.join(root, relative);
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat?.isFile() && isMatch(relative)) found.push(file);
      else if (stat?.isDirectory()) visit(relative, [...above, real]);
    }
  };
  visit('', []);
  return sorted(found);
}

function sorted(files: readonly string[]): FoundFiles {
  const inOrder = [...files].sort(natural);
  return { images: inOrder.filter(isImageName), videos: inOrder.filter(isVideoName) };
}
