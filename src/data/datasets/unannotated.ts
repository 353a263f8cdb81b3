// Images beside those of a data set that no annotation names. Tools differ in whether they write an image without objects, so what
// is left out is said.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { IMAGE_EXTENSIONS } from '../loading/decode';

/** Folders that are looked at. */
const MAX_FOLDERS = 200;

function stemOf(file: string): string {
  const base = path.posix.basename(file.replaceAll('\\', '/')).normalize('NFC').toLowerCase();
  const extension = path.extname(base);
  return IMAGE_EXTENSIONS.includes(extension) ? base.slice(0, -extension.length) : base;
}

/** Image files in the folders of some. */
export function* imagesBeside(used: Iterable<string>): Generator<string> {
  const folders = new Set<string>();
  for (const file of used) folders.add(path.dirname(file));
  for (const folder of [...folders].slice(0, MAX_FOLDERS))
    for (const name of readdirSync(folder))
      if (IMAGE_EXTENSIONS.includes(path.extname(name).toLowerCase()) && !name.startsWith('.'))
        yield path.join(folder, name);
}

/**
 * How many images are of no name that the annotations know, in words.
 * @param names of images and annotations, with or without folders and extensions
 * @returns undefined when every image is known
 */
export function unannotated(images: Iterable<string>, names: Iterable<string>): string | undefined {
  const known = new Set<string>();
  for (const name of names) known.add(stemOf(name));
  let [count, first] = [0, ''];
  for (const file of images) if (!known.has(stemOf(file)) && count++ === 0) first = file;
  if (count === 0) return undefined;
  const what = count === 1 ? '1 image is' : `${count.toLocaleString('en')} images are`;
  return `${what} in no annotation, such as "${first}": not used`;
}
