// The images of the splits of a YOLO data set: what `train` and `val` of its data file name, or all images by the folders that
// they are in, as Roboflow (train/images), Ultralytics (images/train) and Label Studio (images) lay them out.

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../../errors';
import { filesBelow } from '../../datasets/voc/file-tree';
import { IMAGE_EXTENSIONS } from '../../loading/decode';
import { splitOf } from '../parts';
import { numberedLines, type Place, readText } from '../place';
import type { ReadReport } from '../read-report';
import type { DataFile } from './data-file';
import { resolveEntry } from './resolve-entry';

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
  /** Whether the data file or a list of it names single images: others are left out on purpose. */
  listed?: boolean;
}

/**
 * @param place where images are, when no file says it
 * @param given whether `place` is the folder of images that the user named: splits are looked for in it, too
 * @throws DetLabError for a split whose folder or list is nowhere
 */
export async function imagesOfSplits(
  data: DataFile,
  place: Place,
  given: boolean,
  report: ReadReport,
): Promise<Split[]> {
  const roots = given ? [...data.roots, place.root] : data.roots;
  const splits: Split[] = [];
  for (const [name, entries] of data.splits) {
    const split: Split = { name, images: [], folders: [] };
    for (const entry of entries) {
      const found = resolveEntry(entry, { ...data, roots }, report);
      if (found === undefined) {
        // a test split that was not delivered is none
        if (name !== 'train' && data.splits.has('train')) {
          report.notice(`its ${name} split "${entry}" is not there`);
          continue;
        }
        if (given) {
          report.notice(
            `${name} "${entry}" of "${path.basename(data.file ?? '')}" is not there; all images of "${place.root}" are used`,
          );
          return byFolder(place, data);
        }
        throw new DetLabError(
          `Cannot load "${data.file}": ${name} is "${entry}", which is in none of ${data.roots.map((root) => `"${root}"`).join(', ')}. ` +
            "Correct path or the split in the file, or name the folder of the images: { images: 'FOLDER' }",
        );
      }
      if (statSync(found).isDirectory()) addFolder(found, split);
      else if (IMAGE_EXTENSIONS.includes(path.extname(found).toLowerCase())) {
        split.listed = true;
        split.images.push({ path: found, name: found });
      } else await addList(found, roots, split, report);
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

/** The lines of a list are relative to it, to the data set, or paths of another machine. */
async function addList(list: string, roots: readonly string[], split: Split, report: ReadReport): Promise<void> {
  split.listed = true;
  const folders = [path.dirname(list), ...roots];
  split.folders.push(...folders.filter((folder) => !split.folders.includes(folder)));
  for (const { line } of numberedLines(await readText(list, report))) {
    const name = line.replaceAll('\\', '/').replace(/^\.\//, '');
    const found = folders.map((folder) => path.resolve(folder, name)).find(existsSync);
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
