// Images beside those of a data set that no annotation names. Tools differ in whether they write an image without objects, so what
// is left out is said.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { IMAGE_EXTENSIONS } from '../loading/decode';
import type { Dataset } from '../types';
import type { AnnotatedPart } from './annotated-image';
import type { ReadReport } from './read-report';

/** Folders that are looked at. */
const MAX_FOLDERS = 200;

const stemOf = (file: string): string => {
  const base = path.posix.basename(file.replaceAll('\\', '/')).normalize('NFC').toLowerCase();
  const extension = path.extname(base);
  return IMAGE_EXTENSIONS.includes(extension) ? base.slice(0, -extension.length) : base;
};

/** Says how many images in the folders of `data` are in no part. */
export function noteUnannotated(parts: readonly AnnotatedPart[], data: readonly Dataset[], report: ReadReport): void {
  const folders = new Set<string>();
  const known = new Set<string>();
  for (const { records } of data)
    for (const { path: file } of records) {
      folders.add(path.dirname(file));
      known.add(stemOf(file));
    }
  for (const { images } of parts) for (const { names } of images) for (const name of names) known.add(stemOf(name));
  const others: string[] = [];
  for (const folder of [...folders].slice(0, MAX_FOLDERS))
    for (const name of readdirSync(folder))
      if (IMAGE_EXTENSIONS.includes(path.extname(name).toLowerCase()) && !name.startsWith('.') && !known.has(stemOf(name)))
        others.push(path.join(folder, name));
  if (others.length > 0)
    report.notice(
      `${others.length === 1 ? '1 image is' : `${others.length.toLocaleString('en')} images are`} in no annotation, such as ` +
        `"${others[0]}": not used`,
    );
}
