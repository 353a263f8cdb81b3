// The images of a COCO file: ids of any type as numbers, files found in the image folder also when their annotated names
// are another machine's, and sizes, where the file gives any.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, didYouMean } from '../../../errors';
import { IMAGE_EXTENSIONS } from '../../loading/decode';
import { ImageFolder } from '../image-folder';
import { filesBelow } from '../voc/file-tree';
import { fieldsOf, type Key, keyOf, MAX_SIDE, nameOf, numberOf } from './fields';
import type { CocoReport } from './report';

export interface CocoImage {
  /** The id as a key, and as a number: the file's where it is an integer. */
  key: Key;
  id: number;
  /** As annotated, for messages. */
  name: string;
  /** Absolute path; undefined when there is no such file. */
  path?: string;
  /** As annotated; undefined when that is no size. */
  size?: { width: number; height: number };
  /** What the file says of the image beyond that. */
  fields?: Record<string, unknown>;
}

/**
 * Images by key.
 * @throws DetLabError when the folder does not exist or has none of the images
 */
export function readImages(entries: readonly unknown[], imgDir: string, report: CocoReport): Map<Key, CocoImage> {
  const folder = new ImageFolder(path.resolve(imgDir));
  const images = new Map<Key, CocoImage>();
  const names = new Map<Key, string[]>(); // of images with several
  for (const entry of entries) {
    const fields = fieldsOf(entry);
    const key = keyOf(fields?.id);
    // LVIS has coco_url alone; some tools write the path beside the bare name
    const given = fields ? namesIn(fields) : [];
    if (!fields || key === undefined || given.length === 0) {
      report.entry(
        'bad-annotation',
        'Image',
        fields?.id ?? given[0],
        `has no ${key === undefined ? 'id' : 'file_name'}; not used`,
        'image',
      );
      continue;
    }
    if (images.has(key)) {
      report.entry(
        'duplicate',
        'Image',
        key,
        `("${given[0]}") has the id of "${images.get(key)!.name}"; the first one is used`,
      );
      continue;
    }
    images.set(key, { key, id: Number.NaN, name: given[0], size: sizeOf(fields), ...otherFields(fields) });
    if (given.length > 1) names.set(key, given);
  }
  numberImages([...images.values()], report);
  findFiles([...images.values()], names, folder, report);
  if (images.size > 0 && ![...images.values()].some((image) => image.path !== undefined))
    throw wrongFolder([...images.values()], folder.root, report.file);
  return images;
}

function namesIn(fields: Record<string, unknown>): string[] {
  const names: string[] = [];
  for (const value of [fields.file_name, fields.path, fields.coco_url, fields.file]) {
    const name = nameOf(value);
    // V7 writes "n/a" where it has no address
    if (name !== undefined && (value !== fields.coco_url || /\.\w+([?#].*)?$/.test(name))) names.push(name);
  }
  return names;
}

/** Fields of every COCO file; they say nothing of what is in the image. */
const STANDARD = new Set([
  'id',
  'file_name',
  'width',
  'height',
  'license',
  'coco_url',
  'flickr_url',
  'date_captured',
  'path',
  'file',
]);

function otherFields(fields: Record<string, unknown>): Pick<CocoImage, 'fields'> {
  const others = Object.entries(fields).filter(([name]) => !STANDARD.has(name));
  return others.length === 0 ? {} : { fields: Object.fromEntries(others) };
}

function sizeOf(fields: Record<string, unknown>): CocoImage['size'] {
  const [width, height] = [numberOf(fields.width), numberOf(fields.height)];
  const valid = (side: number | undefined) => Number.isInteger(side) && side! > 0 && side! <= MAX_SIDE;
  return valid(width) && valid(height) ? { width: width!, height: height! } : undefined;
}

/** Ids that are no integers of 53 bits get the next free numbers. */
function numberImages(images: readonly CocoImage[], report: CocoReport): void {
  const unnumbered: CocoImage[] = [];
  let next = 1;
  for (const image of images) {
    if (!Number.isSafeInteger(image.key)) {
      unnumbered.push(image);
      continue;
    }
    image.id = image.key as number;
    next = Math.max(next, image.id + 1);
  }
  for (const image of unnumbered) image.id = next++;
  if (unnumbered.length > 0)
    report.notice(
      `image ids such as ${JSON.stringify(unnumbered[0].key)} are no integers below 2^53; ` +
        `they are numbered from ${unnumbered[0].id}`,
    );
}

/** Sets the path of each image that is there; names that are only nearly those of files are said, missing files reported. */
function findFiles(
  images: readonly CocoImage[],
  names: ReadonlyMap<Key, string[]>,
  folder: ImageFolder,
  report: CocoReport,
): void {
  const byPath = new Map<string, CocoImage>();
  const shared = new Map<string, CocoImage[]>(); // paths of several
  const guessed = new Set<CocoImage>();
  for (const image of images) {
    const exact = folder.resolve(image.name);
    if (exact !== undefined && folder.has(exact)) image.path = exact;
    else {
      const candidates = names.get(image.key) ?? [image.name];
      image.path = candidates.map((name) => folder.guess(name)).find((found) => found !== undefined);
      if (image.path !== undefined) guessed.add(image);
    }
  }
  for (const image of inSubfolders(images, folder)) guessed.add(image);
  for (const image of images) {
    if (image.path === undefined) continue;
    const first = byPath.get(image.path);
    const same = shared.get(image.path);
    if (same) same.push(image);
    else if (first) shared.set(image.path, [first, image]);
    else byPath.set(image.path, image);
  }
  for (const [file, same] of shared) {
    // "day1/a.jpg" and "day2/a.jpg" are not both "a.jpg"
    for (const image of same.filter((other) => guessed.has(other))) {
      image.path = undefined;
      guessed.delete(image);
    }
    const [first, ...others] = same.filter((image) => image.path !== undefined);
    for (const other of others)
      report.entry(
        'duplicate',
        'Image',
        other.key,
        `is the file "${path.basename(file)}" of image ${first.key}; both are used`,
      );
  }
  if (guessed.size > 0) {
    const [first] = guessed;
    const others = guessed.size === 1 ? '1 image is' : `${guessed.size.toLocaleString('en')} images are`;
    report.notice(
      `${others} found under another name, such as "${first.name}" as "${path.relative(folder.root, first.path!)}"`,
    );
  }
  for (const image of images) if (image.path === undefined) reportMissing(image, folder, report);
}

/** Finds images of bare names in sub-folders, where others are in the folder itself (V7 drops the folders), and the name is one file's. */
function inSubfolders(images: readonly CocoImage[], { root }: ImageFolder): CocoImage[] {
  const missing = images.filter(({ path: file, name }) => file === undefined && !/[\\/]/.test(name));
  if (missing.length === 0 || missing.length === images.length) return [];
  const used = new Set(images.map(({ path: file }) => file));
  const files = new Map<string, string | undefined>();
  for (const { path: file } of filesBelow(root, IMAGE_EXTENSIONS)) {
    const name = path.basename(file).normalize('NFC');
    if (!used.has(file)) files.set(name, files.has(name) ? undefined : file);
  }
  for (const image of missing) image.path = files.get(image.name.normalize('NFC'));
  return missing.filter(({ path: file }) => file !== undefined);
}

function reportMissing({ key, name }: CocoImage, folder: ImageFolder, report: CocoReport): void {
  const full = folder.resolve(name);
  report.problems.push({
    kind: 'missing-image',
    file: full ?? name,
    id: key,
    message: full ? `Cannot find image "${full}" (id ${key})` : `Image ${key}: "${name}" is outside "${folder.root}"`,
  });
}

/** The error for a folder without any of the images, with the folder beside or below it that has the first of them. */
function wrongFolder(images: readonly CocoImage[], root: string, file: string): DetLabError {
  const nearby = [root, path.dirname(root), path.dirname(file), path.dirname(path.dirname(file))];
  const candidates = new Set(nearby.flatMap((folder) => [folder, ...foldersIn(folder)]));
  candidates.delete(root);
  const first = images[0].name;
  const right = [...candidates].find((folder) => new ImageFolder(folder).guess(first) !== undefined);
  const advice = right === undefined ? '' : `. "${right}" has "${first}": give that folder`;
  if (!existsSync(root)) {
    const near = didYouMean(
      path.basename(root),
      foldersIn(path.dirname(root)).map((folder) => path.basename(folder)),
    );
    return new DetLabError(
      `Cannot load "${file}": there is no image folder "${root}"${advice || (near && `.${near}`)}`,
    );
  }
  return new DetLabError(
    `Cannot load "${file}": "${root}" has none of its ${images.length.toLocaleString('en')} images, such as ` +
      `"${images[0].name}"${advice || '. Give the folder that the file names are relative to'}`,
  );
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .slice(0, 100)
      .map((entry) => path.join(folder, entry.name));
  } catch {
    return [];
  }
}
