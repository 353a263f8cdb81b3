// Writes a data set in another format. What the format cannot hold is said before anything is written; a file is there whole or not
// at all, and an image is copied, linked or left where it is.

import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DetLabError, didYouMean } from '../../errors';
import type { Dataset } from '../types';
import { cocoFiles } from './coco-files';
import { countObjectsOf, type ExportFiles, type ExportPart, objectsAre, stemOf } from './export-files';
import { labelmeFiles } from './labelme-files';
import { middleFiles } from './middle-files';
import { vocFiles } from './voc-files';
import { yoloFiles } from './yolo-files';

const WRITERS: Record<
  string,
  (parts: readonly ExportPart[], classes: readonly string[], firstPixel?: 0 | 1) => ExportFiles
> = {
  coco: cocoFiles,
  voc: vocFiles,
  yolo: yoloFiles,
  labelme: labelmeFiles,
  middle: middleFiles,
};
export const EXPORT_FORMATS = ['coco', 'voc', 'yolo', 'labelme', 'middle'] as const;
/** A format that data sets are written in: `coco`, `voc`, `yolo`, `labelme`, `middle`. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
export const IMAGE_MODES = ['copy', 'link', 'leave'] as const;

/** Formats whose readers find labels by the place of the images. */
const NEED_IMAGES = ['voc', 'yolo'];

/** How a data set is written: its images, and what of it may be replaced. */
export interface ExportOptions {
  /** What is done with the images: copied, linked to by symbolic links, or left where they are. Default `copy`. */
  images?: (typeof IMAGE_MODES)[number];
  /** Number of the first pixel in VOC's files: 1 as in VOC and MMDetection (default), or 0 as in other tools, with fractions. */
  firstPixel?: 0 | 1;
  /** Whether files that are there may be replaced. Default false. */
  overwrite?: boolean;
  /** Receives what the format cannot hold, before anything is written. */
  onNotice?: (line: string) => void;
  signal?: AbortSignal;
}

/** What was written: the folder, the number of images, and what the format could not hold. */
export interface Exported {
  folder: string;
  images: number;
  /** What the format cannot hold, one sentence each. */
  notices: string[];
}

/**
 * @param parts training and validation images by name
 * @throws DetLabError for an unknown format, a folder that is not empty or that of the images themselves, and images that
 *   cannot be copied
 */
export async function exportDataset(
  format: string,
  folder: string,
  parts: readonly { name: string; dataset: Dataset }[],
  { images = 'copy', overwrite = false, firstPixel, onNotice, signal }: ExportOptions = {},
): Promise<Exported> {
  const writer = WRITERS[format];
  if (!writer)
    throw new DetLabError(
      `Cannot export as "${format}": no such format.${didYouMean(format, EXPORT_FORMATS)} Known: ${EXPORT_FORMATS.join(', ')}`,
    );
  if (images === 'leave' && NEED_IMAGES.includes(format))
    throw new DetLabError(
      `Cannot export as ${format} with images: 'leave': its readers find annotations by the place of the images. Use 'link' or 'copy'`,
    );
  if (firstPixel !== undefined && format !== 'voc')
    throw new DetLabError(`Cannot export as ${format} with firstPixel: only 'voc' counts pixels from 1 or from 0`);
  const root = path.resolve(folder);
  if (!overwrite && existsSync(root) && readdirSync(root).length > 0)
    throw new DetLabError(
      `Cannot export to "${root}": the folder is not empty. Give a new one, or { overwrite: true }`,
    );
  const named = withNames(parts, images === 'leave' ? root : undefined, format);
  const { classes } = parts[0].dataset;
  const { files, losses, images: folderOf } = writer(named.parts, classes, firstPixel);
  const notices = [...losses, ...lostKeypoints(named.parts, format), ...named.notices];
  if (images !== 'leave') refuseSources(named.parts, (part) => path.join(root, folderOf(part)));
  for (const line of notices) onNotice?.(line);
  for await (const [file, content] of files()) {
    signal?.throwIfAborted();
    await writeWhole(path.join(root, file), content);
  }
  let count = 0;
  for (const part of named.parts)
    for (const [i, record] of part.dataset.records.entries()) {
      signal?.throwIfAborted();
      count++;
      if (images !== 'leave') await place(record.path, path.join(root, folderOf(part), part.names[i]), images);
    }
  return { folder: root, images: count, notices };
}

function lostKeypoints(parts: readonly ExportPart[], format: string): string[] {
  const count = format === 'coco' ? 0 : countObjectsOf(parts, ({ keypoints }) => keypoints !== undefined);
  return count > 0 ? [`${objectsAre(count)} written without keypoints: only 'coco' has them here`] : [];
}

/** @throws DetLabError where an image would replace one that is exported, itself or another */
function refuseSources(parts: readonly ExportPart[], folderOf: (part: ExportPart) => string): void {
  // one folder may have several paths; a link in it is replaced, not what it leads to
  const real = new Map<string, string>();
  const place = (file: string): string => {
    const folder = path.dirname(path.resolve(file));
    const known = real.get(folder) ?? (existsSync(folder) ? realpathSync(folder) : folder);
    real.set(folder, known);
    return path.join(known, path.basename(file));
  };
  const sources = new Set(parts.flatMap(({ dataset }) => dataset.records.map((record) => place(record.path))));
  for (const part of parts)
    for (const [i, name] of part.names.entries()) {
      const to = path.join(folderOf(part), name);
      if (!sources.has(place(to))) continue;
      throw new DetLabError(
        `Cannot export "${part.dataset.records[i].path}" to "${to}": this is an image of the data set itself. ` +
          'Give another folder',
      );
    }
}

/** Unique names of images; those of one name in several folders have the names of these in front. */
function withNames(
  parts: readonly { name: string; dataset: Dataset }[],
  left: string | undefined,
  format: string,
): { parts: ExportPart[]; notices: string[] } {
  // annotations are named after their images, in most formats without extension
  const keyOf = (name: string) => (['coco', 'middle'].includes(format) ? name : stemOf(name)).toLowerCase();
  const taken = new Set<string>();
  let renamed: string | undefined;
  const unique = (file: string): string => {
    const base = path.basename(file);
    const parents = path.dirname(file).split(path.sep).reverse();
    let name = base;
    for (let i = 0; taken.has(keyOf(name)); i++)
      name = i < 3 && parents[i] ? `${parents[i]}_${name}` : `${stemOf(base)}_${i}${path.extname(base)}`;
    if (name !== base) renamed ??= `"${file}" as "${name}"`;
    taken.add(keyOf(name));
    return name;
  };
  const all = parts.flatMap(({ dataset }) => dataset.records.map((record) => record.path));
  const common = left === undefined ? undefined : commonFolder(all);
  const named = parts.map(({ name, dataset }) => ({
    name,
    dataset,
    names: dataset.records.map((record) => unique(record.path)),
    ...(common !== undefined && {
      left: dataset.records.map((record) =>
        (format === 'labelme'
          ? path.relative(path.join(left!, name), record.path)
          : path.relative(common, record.path)
        ).replaceAll(path.sep, '/'),
      ),
    }),
  }));
  const notices = [
    ...(renamed === undefined ? [] : [`images of one name are renamed, such as ${renamed}`]),
    ...(common === undefined || format === 'labelme'
      ? []
      : [`the names of the images are relative to "${common}", where they are left`]),
  ];
  return { parts: named, notices };
}

function commonFolder(files: readonly string[]): string {
  let common = path.dirname(files[0] ?? path.sep);
  for (const file of files)
    while (common !== path.dirname(common) && !file.startsWith(common + path.sep)) common = path.dirname(common);
  return common;
}

async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  await inPlace(file, (partial) => writeFile(partial, content, { flag: 'wx' }));
}

async function place(from: string, to: string, how: 'copy' | 'link'): Promise<void> {
  await inPlace(to, (partial) => (how === 'copy' ? copyFile(from, partial) : symlink(path.resolve(from), partial)));
}

/** Makes a file beside its place and moves it there. */
async function inPlace(file: string, make: (partial: string) => Promise<void>): Promise<void> {
  const partial = path.join(path.dirname(file), `.${crypto.randomUUID()}.partial`);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await make(partial);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw new DetLabError(`Cannot write "${file}": ${(error as Error).message}`);
  }
}
