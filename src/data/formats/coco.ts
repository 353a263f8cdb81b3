// Folders with COCO's JSON files, in the layouts of its tools: annotations/instances_train2017.json beside the images, Roboflow's
// train/_annotations.coco.json, labels.json and data/ (FiftyOne), result.json and images/ (Label Studio).

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { loadCoco } from '../datasets/coco';
import { type CocoContent, readContent } from '../datasets/coco/content';
import { cachedContent } from '../datasets/coco/content-cache';
import { fieldsOf, nameOf } from '../datasets/coco/fields';
import { ImageFolder } from '../datasets/image-folder';
import { type Format, ofValidation, selectionOf } from './format';
import { splitName } from './parts';
import type { Place } from './place';
import type { ReadReport } from './read-report';

/** Files of COCO's other tasks, left where there are instances. */
const OTHER_TASKS = /^(image_info|panoptic|stuff|captions|person_keypoints|labels_)/i;
/** Folders that are tried as those of the images. */
const MAX_FOLDERS = 300;
/** Names by which the folder of the images is known. */
const SAMPLES = 5;

function isCoco(start: string): boolean {
  if (!/^\s*\{/.test(start)) return false;
  const lists = ['images', 'annotations', 'categories'].filter((key) => new RegExp(`"${key}"\\s*:\\s*\\[`).test(start));
  // all three are seen in a small file, the first of them in a large one
  return start.length < 60_000
    ? lists.length === 3
    : lists.length > 0 && /"(file_name|image_id|supercategory|coco_url)"\s*:/.test(start);
}

export const coco: Format = {
  name: 'coco',
  title: 'COCO',
  takes: ['images'],

  async recognise(place) {
    const [first] = await annotationFiles(place);
    return first && `"${place.relative(first)}" has images, annotations and categories`;
  },

  async open(place, options, report) {
    const files = await annotationFiles(place);
    if (files.length === 0)
      throw new DetLabError(
        `Cannot load "${place.path}" as COCO: it has no JSON file with images, annotations and categories`,
      );
    const bySplit = new Map<string, string[]>();
    for (const file of files) {
      const split = splitOfFile(place.relative(file));
      bySplit.set(split, [...(bySplit.get(split) ?? []), file]);
    }
    const train = fileOf(bySplit, options.train, 'train', place, report) ?? files[0];
    const val = fileOf(bySplit, options.val, 'val', place, report);
    const name = options.name ?? path.basename(place.path, '.json');
    const { folder, content } = await folderOfImages(train, place, options.images);
    const trainData = await loadCoco(train, folder, { ...selectionOf(options), name, content });
    if (val === undefined || val === train) return { name, train: trainData };
    const ofVal = await folderOfImages(val, place, options.images);
    const valData = await loadCoco(val, ofVal.folder, {
      ...ofValidation(options, trainData.classes),
      name: `${name} val`,
      content: ofVal.content,
    });
    return { name, train: trainData, val: valData };
  },
};

async function annotationFiles(place: Place): Promise<string[]> {
  const files: string[] = [];
  for (const { path: file } of place.files('.json').slice(0, 2000))
    if (isCoco(await place.start(file))) files.push(file);
  const instances = files.filter((file) => !OTHER_TASKS.test(path.basename(file)));
  return instances.length > 0 ? instances : files;
}

/** By the name of the file or of a folder that it is in. */
function splitOfFile(relative: string): string {
  const parts = relative.split(path.sep).reverse();
  for (const part of parts) {
    const found = /(train(ing)?|val(id(ation)?)?|test(ing)?)/i.exec(part.replace(/\.json$/i, ''))?.[1];
    if (found !== undefined) return splitName(found);
  }
  return 'train';
}

function fileOf(
  bySplit: ReadonlyMap<string, string[]>,
  named: string | undefined,
  usual: string,
  place: Place,
  report: ReadReport,
): string | undefined {
  const files = bySplit.get(named ?? usual) ?? [];
  if (named !== undefined && files.length === 0)
    throw new DetLabError(
      `Cannot open split "${named}" of "${place.path}": no such split. Known: ${[...bySplit.keys()].join(', ')}`,
    );
  if (files.length > 1)
    report.notice(
      `"${place.relative(files[0])}" is used, not ${files
        .slice(1, 4)
        .map((file) => `"${place.relative(file)}"`)
        .join(', ')}`,
    );
  return files[0];
}

/** The folder that has the first images of a file, and the content of the file where it was read for their names. */
async function folderOfImages(
  file: string,
  place: Place,
  named: string | undefined,
): Promise<{ folder: string; content?: CocoContent }> {
  if (named !== undefined) return { folder: place.given(named, 'images') };
  const { names, content } = await firstNames(file, place);
  const own = path.dirname(file);
  const split = splitOfFile(path.basename(file));
  const score = (folder: string): number => {
    const images = new ImageFolder(folder);
    const exact = names.filter((name) => {
      const full = images.resolve(name);
      return full !== undefined && images.has(full);
    }).length;
    const guessed = exact > 0 ? 0 : names.filter((name) => images.guess(name) !== undefined).length;
    return 10 * exact + guessed + (exact + guessed > 0 && path.basename(folder).includes(split) ? 1 : 0);
  };
  const within = [own, place.root, ...foldersAround(own)];
  // beside "annotations"; of a folder that was given none beside it, which is another data set's
  const parent = path.dirname(own);
  const beside = place.file !== undefined || own !== place.root ? foldersAround(parent) : [];
  let best: { folder: string; score: number } | undefined;
  for (const folders of [within, beside]) {
    for (const folder of [...new Set(folders)].slice(0, MAX_FOLDERS)) {
      const found = score(folder);
      if (found > (best?.score ?? 0)) best = { folder, score: found };
    }
    if (best) break;
  }
  return { folder: best?.folder ?? own, content };
}

/** Names at the beginning of the file; where it begins with something else, it is read whole, once. */
async function firstNames(file: string, place: Place): Promise<{ names: string[]; content?: CocoContent }> {
  const start = await place.start(file);
  const seen = [...start.matchAll(/"file_name"\s*:\s*("(?:[^"\\]|\\.)*")/g)].slice(0, SAMPLES);
  if (seen.length > 0) return { names: seen.map(([, text]) => JSON.parse(text) as string) };
  const content = await cachedContent(file, readContent);
  const names = content.images.slice(0, SAMPLES).map((image) => nameOf(fieldsOf(image)?.file_name));
  return { names: names.filter((name) => name !== undefined), content };
}

/** Folders in a folder and in those, without hidden ones. */
function foldersAround(root: string): string[] {
  const found: string[] = [];
  let level = [root];
  for (let depth = 0; depth < 3 && found.length < MAX_FOLDERS; depth++) {
    level = level.flatMap((folder) => {
      try {
        const entries = readdirSync(folder, { withFileTypes: true });
        return entries
          .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
          .map((entry) => path.join(folder, entry.name));
      } catch {
        return [];
      }
    });
    found.push(...level);
  }
  return found;
}
