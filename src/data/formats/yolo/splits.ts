// The images of the splits of a YOLO data set: what `train` and `val` of its data file name, or all images by the folders that
// they are in, as Roboflow (train/images), Ultralytics (images/train) and Label Studio (images) lay them out.

import { statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../../errors';
import { filesBelow } from '../../datasets/voc/file-tree';
import { IMAGE_EXTENSIONS } from '../../loading/decode';
import { splitOf } from '../parts';
import { numberedLines, type Place, readText } from '../place';
import type { ReadReport } from '../read-report';
import type { DataFile } from './data-file';

/** An image of a split: its file, or the line of a list, where no such file is there. */
export interface SplitImage {
  path?: string;
  name: string;
}

export interface Split {
  name: string;
  images: SplitImage[];
  /** Folders that hold them. */
  folders: string[];
}

/** @throws DetLabError for a split whose folder or list is nowhere */
export async function imagesOfSplits(data: DataFile, place: Place, report: ReadReport): Promise<Split[]> {
  const splits: Split[] = [];
  for (const [name, entries] of data.splits) {
    const split: Split = { name, images: [], folders: [] };
    for (const entry of entries) {
      const found = resolveEntry(entry, data, report);
      if (found === undefined) {
        // a test split that was not delivered is none
        if (name !== 'train' && data.splits.has('train')) {
          report.notice(`its ${name} split "${entry}" is not there`);
          continue;
        }
        throw new DetLabError(
          `Cannot load "${data.file}": ${name} is "${entry}", which is in none of ${data.roots.map((root) => `"${root}"`).join(', ')}. ` +
            'Correct path or the split in the file',
        );
      }
      if (statSync(found).isDirectory()) addFolder(found, split);
      else if (IMAGE_EXTENSIONS.includes(path.extname(found).toLowerCase()))
        split.images.push({ path: found, name: found });
      else await addList(found, data, split, report);
    }
    if (split.images.length > 0 || split.folders.length > 0) splits.push(split);
  }
  return splits.length > 0 ? splits : byFolder(place, data);
}

function addFolder(folder: string, split: Split): void {
  const images = filesBelow(folder, IMAGE_EXTENSIONS);
  split.folders.push(folder);
  split.images.push(...images.map(({ path: file }) => ({ path: file, name: file })));
}

/** The first of Ultralytics' readings of a path, then of its ends, that is there. */
function resolveEntry(entry: string, { roots, file }: DataFile, report: ReadReport): string | undefined {
  const slashed = entry.trim().replaceAll('\\', '/');
  const [first] = roots;
  // Roboflow writes ../train/images for what is beside the file
  const usual = [
    path.resolve(first, slashed),
    ...(slashed.startsWith('../') ? [path.resolve(first, slashed.slice(3))] : []),
  ];
  const direct = usual.find(exists);
  if (direct !== undefined) return direct;
  const parts = slashed.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  for (let start = 0; start < parts.length; start++)
    for (const root of roots) {
      const found = path.join(root, ...parts.slice(start));
      if (!exists(found)) continue;
      report.notice(`"${entry}" of "${path.basename(file ?? '')}" is read as "${found}"`);
      return found;
    }
  return undefined;
}

const exists = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/** The lines of a list are relative to it, to the data set, or paths of another machine. */
async function addList(list: string, { roots }: DataFile, split: Split, report: ReadReport): Promise<void> {
  const folders = [path.dirname(list), ...roots];
  split.folders.push(...folders.filter((folder) => !split.folders.includes(folder)));
  for (const { line } of numberedLines(await readText(list, report))) {
    const name = line.replaceAll('\\', '/').replace(/^\.\//, '');
    const found = folders.map((folder) => path.resolve(folder, name)).find(exists);
    split.images.push({ path: found, name });
  }
}

/** All images, in splits by the names of the folders that they are in. */
function byFolder(place: Place, { roots }: DataFile): Split[] {
  const splits = new Map<string, Split>();
  for (const { path: file, stem } of place.images) {
    const name = splitOf(stem);
    const split = splits.get(name) ?? { name, images: [], folders: [...roots] };
    splits.set(name, split);
    split.images.push({ path: file, name: file });
  }
  return [...splits.values()];
}
