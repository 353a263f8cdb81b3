// What was given to be opened, a folder or one file: the files below it, listed once, and their contents.

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { filesBelow, foldersIn, type TreeFile } from '../datasets/voc/file-tree';
import { LIMITS, readBounded, readStart } from '../loading/bounded-read';
import { IMAGE_EXTENSIONS } from '../loading/decode';
import { readJson } from '../loading/json-file';
import { meantFile } from '../loading/meant-file';
import { decodeText } from '../loading/text-encoding';
import type { ReadReport } from './read-report';

/** Bytes of a file by which its format is recognised. */
const START_BYTES = 65_536;
/** Files whose beginnings are looked at to recognise a folder, of each folder. */
export const LOOKED_AT = 3;

/** Usual names of folders of images. */
export const IMAGE_FOLDERS = ['images', 'image', 'img', 'imgs', 'data', 'jpegimages', 'image_2', 'pictures', 'photos'];

export class Place {
  /** The folder, or that of the file. */
  readonly root: string;
  /** The file that was given instead of a folder. */
  readonly file?: string;
  private readonly listings = new Map<string, TreeFile[]>();
  private readonly starts = new Map<string, Promise<string>>();

  /**
   * @param ofFile the folder of a file that was given, whose images may be beside it
   * @throws DetLabError when there is nothing of this path
   */
  constructor(
    given: string,
    private readonly ofFile = false,
  ) {
    const full = path.resolve(given);
    const stat = statSync(full, { throwIfNoEntry: false });
    if (!stat) throw new DetLabError(`Cannot open "${full}": there is no such file or folder.${meantFile(full)}`);
    this.root = stat.isDirectory() ? full : path.dirname(full);
    if (!stat.isDirectory()) this.file = full;
  }

  /** The whole folder, of a file the one that it is in. */
  get folder(): Place {
    return this.file === undefined ? this : new Place(this.root, true);
  }

  /** What was given. */
  get path(): string {
    return this.file ?? this.root;
  }

  /** The files of an extension: the given one, or all below the folder in the order of their names. */
  files(...extensions: string[]): TreeFile[] {
    const key = extensions.join();
    let listing = this.listings.get(key);
    if (!listing) {
      listing = this.file === undefined ? filesBelow(this.root, extensions) : treeFile(this.file, extensions);
      this.listings.set(key, listing);
    }
    return listing;
  }

  /** All images below the folder, also beside a file that was given. */
  get images(): TreeFile[] {
    let listing = this.listings.get('images');
    if (!listing) {
      listing = filesBelow(this.root, IMAGE_EXTENSIONS);
      this.listings.set('images', listing);
    }
    return listing;
  }

  /** Some files of an extension, the first of each folder, by which the whole is recognised. */
  samples(...extensions: string[]): string[] {
    const perFolder = new Map<string, number>();
    return this.files(...extensions)
      .filter(({ path: file }) => {
        const folder = path.dirname(file);
        const seen = perFolder.get(folder) ?? 0;
        perFolder.set(folder, seen + 1);
        return seen < LOOKED_AT && perFolder.size <= 50;
      })
      .map(({ path: file }) => file);
  }

  /** The beginning of a text file; empty when it cannot be read. */
  start(file: string): Promise<string> {
    let found = this.starts.get(file);
    if (!found) {
      found = readStart(file, START_BYTES).then(
        (bytes) => decodeStart(bytes),
        () => '',
      );
      this.starts.set(file, found);
    }
    return found;
  }

  /** The folder of a path relative to the root, or absolute, that the user named. */
  given(folder: string, what: string): string {
    const full = path.resolve(this.root, folder);
    const found = [full, path.resolve(folder)].find((place) => existsSync(place));
    if (found !== undefined) return found;
    throw new DetLabError(`Cannot open "${this.path}": there is no folder of ${what} "${full}".${meantFile(full)}`);
  }

  /** Folders in which images are looked for: the one that was named, or the usual ones around some folders. */
  imageFolders(named: string | undefined, around: readonly string[] = [this.root]): string[] {
    if (named !== undefined) return [this.given(named, 'images')];
    const places = [...new Set([...around, this.root])];
    // what is beside a folder that was given may be another data set's: it is looked at last
    const beside = places.filter((folder) => !this.ofFile && this.file === undefined && !this.includes(folder));
    const own = places.filter((folder) => !beside.includes(folder));
    return [...withImageFolders(own), ...withImageFolders(beside)];
  }

  private includes(folder: string): boolean {
    const inside = path.relative(this.root, folder);
    return !inside.startsWith('..') && !path.isAbsolute(inside);
  }

  relative(file: string): string {
    return path.relative(this.root, file) || path.basename(file);
  }
}

/** Folders after those of usual names in them. */
function withImageFolders(places: readonly string[]): string[] {
  const usual = places.flatMap((folder) =>
    foldersIn(folder)
      .filter((name) => IMAGE_FOLDERS.includes(name.toLowerCase()))
      .map((name) => path.join(folder, name)),
  );
  return [...usual, ...places];
}

function treeFile(file: string, extensions: readonly string[]): TreeFile[] {
  const extension = path.extname(file);
  if (!extensions.includes(extension.toLowerCase())) return [];
  return [{ path: file, stem: path.basename(file, extension), extension: extension.toLowerCase() }];
}

function decodeStart(bytes: Buffer): string {
  try {
    return decodeText(bytes).text;
  } catch {
    return bytes.toString('latin1');
  }
}

/** The text of a file in whatever encoding; a guessed one is said. */
export async function readText(file: string, report: ReadReport, limit: number = LIMITS.list): Promise<string> {
  const { text, guessed } = decodeText(await readBounded(file, limit));
  if (guessed) report.notice(`"${path.basename(file)}" is not in UTF-8; read as ${guessed}`);
  return text;
}

/** The lines of a text that are not empty, with their numbers from 1. */
export const numberedLines = (text: string): { line: string; number: number }[] =>
  text
    .split(/\r\n|\r|\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '');

/** The value of a JSON file; how it deviates from JSON is said. @throws DetLabError naming the file */
export async function readJsonValue(file: string, report: ReadReport): Promise<unknown> {
  const { json, notices } = await readJson(file, 'annotation file');
  for (const notice of notices) report.notice(notice.replace(`${path.basename(file)}: `, `"${path.basename(file)}": `));
  return json;
}
