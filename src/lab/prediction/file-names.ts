// Names of the files that are written of images: made of the images' names, safe on every file system, each given once.

import path from 'node:path';

const IMAGE_OR_VIDEO =
  /\.(jpe?g|jpe|jfif|png|bmp|dib|webp|tiff?|gif|p[gpbn]m|avif|mp4|mov|avi|mkv|webm|m4v|mpe?g|wmv|flv|3gp|ogv|m2?ts)$/i;
/** Names that Windows gives to devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const UNSAFE = /[\p{Cc}<>:"/\\|?*]/gu;
const MAX_LENGTH = 120;
const FRAME_DIGITS = 6;
const PAGE_DIGITS = 3;

/** A text as the name of one file or folder: without separators, never `..`, hidden or empty. */
export function safeName(text: string, otherwise: string): string {
  const name = text
    .replace(UNSAFE, '_')
    .replace(/^\.+/, '_')
    .slice(0, MAX_LENGTH)
    .replace(/[. ]+$/, '');
  return name === '' ? otherwise : DEVICE.test(name) ? `_${name}` : name;
}

/**
 * The name of an image without folders and extension; of a frame or page with its number, so that names are in their order.
 * @example stemOf('../photos/a.jpg') // 'a'
 * @example stemOf('clip.mp4#12') // 'clip-000012'
 * @example stemOf('scan.tif#page=2') // 'scan-page-002'
 */
export function stemOf(source: string): string {
  const [, file, page, number] = /^(.*?)(?:#(page=)?(\d+))?$/s.exec(source) ?? ['', source];
  const base = file.split(/[\\/]/).at(-1) ?? '';
  const stem = safeName(base.replace(IMAGE_OR_VIDEO, ''), 'image');
  if (number === undefined) return stem;
  return page ? `${stem}-page-${number.padStart(PAGE_DIGITS, '0')}` : `${stem}-${number.padStart(FRAME_DIGITS, '0')}`;
}

export interface UniqueNames {
  /** With its dot. */
  extension: string;
  /** Paths that may not be written: the images themselves. */
  kept?: readonly string[];
  /** Names that are given already. */
  taken?: readonly string[];
}

/**
 * Gives each image the path of one file, in order: `a.jpg` and another `a.jpg` are `a.png` and `a-2.png`. Names that differ only by
 * case are one name, as many file systems have it.
 *
 * @example const name = fileNamer('out', { extension: '.png' }); name('x/a.jpg') // 'out/a.png'
 */
export function fileNamer(
  folder: string,
  { extension, kept = [], taken: given = [] }: UniqueNames,
): (source: string) => string {
  const key = (file: string) => path.resolve(file).toLowerCase();
  const taken = new Set([...kept.map(key), ...given.map((name) => key(path.join(folder, name)))]);
  const next = new Map<string, number>();
  return (source) => {
    const stem = path.join(folder, stemOf(source));
    let file = `${stem}${extension}`;
    let i = next.get(key(stem)) ?? 2;
    for (; taken.has(key(file)); i++) file = `${stem}-${i}${extension}`;
    next.set(key(stem), i);
    taken.add(key(file));
    return file;
  };
}

/** Those of several images. @example uniqueFiles(['x/a.jpg', 'y/a.jpg'], 'out', { extension: '.png' }) // ['out/a.png', 'out/a-2.png'] */
export const uniqueFiles = (sources: readonly string[], folder: string, names: UniqueNames): string[] =>
  sources.map(fileNamer(folder, names));
