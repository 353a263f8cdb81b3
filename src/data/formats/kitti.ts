// KITTI's labels: a text file for each image in label_2, the images in image_2; pixels from 0. DontCare regions are ignored for every
// class.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { filesBelow } from '../datasets/voc/file-tree';
import { LIMITS } from '../loading/bounded-read';
import type { AnnotatedImage, AnnotatedObject } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitName, splitOf } from './parts';
import { LOOKED_AT, numberedLines, type Place, readText } from './place';
import { readFiles } from './read-files';
import type { ReadReport } from './read-report';

const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Type and numbers of a line: truncated, occluded, alpha, four of the box, seven of the object in space, of predictions a score.
 * Tools write types with blanks, which may end with a number ("car 2").
 * @returns undefined for a line that has no type or not so many numbers
 */
function partsOfLine(line: string): { type: string; numbers: number[] } | undefined {
  const words = line.trim().split(/\s+/);
  const first = words.findLastIndex((word) => !NUMBER.test(word)) + 1;
  const count = words.length - first;
  if (first === 0 || count < 14) return undefined;
  // a share that is truncated is at most 1
  const scored = count > 15 || (count === 15 && Math.abs(Number(words[first])) <= 1);
  const at = words.length - (scored ? 15 : 14);
  return { type: words.slice(0, at).join(' '), numbers: words.slice(at).map(Number) };
}

/** Text files that are no labels, after which none is expected. */
const MAX_OTHERS = 200;

export const kitti: Format = {
  name: 'kitti',
  title: 'KITTI',
  takes: ['images', 'labels'],

  async recognise(place) {
    for await (const file of labelFiles(place)) return `"${place.relative(file)}" has a type and 14 numbers a line`;
    return undefined;
  },

  async read(place, { images, labels }, report) {
    const root = labels === undefined ? undefined : place.given(labels, 'labels');
    const all = root === undefined ? place.files('.txt') : filesBelow(root, ['.txt']);
    const folders = new Set<string>();
    for await (const file of labelFiles(place)) folders.add(path.dirname(file));
    const files = all.filter(({ path: file }) => root !== undefined || folders.has(path.dirname(file)));
    const found = await readFiles(files, report, async ({ path: file, stem }, own) => {
      const objects = readObjects(await readText(file, own, LIMITS.xml), file, own);
      const name = path.posix.basename(stem);
      const image: AnnotatedImage = { names: [`${name}.png`, `${name}.jpg`, name], file, objects };
      return [splitOf(stem), image] as const;
    });
    if (found.length === 0) throw new DetLabError(`Cannot load "${place.path}" as KITTI: it has no label file`);
    // image_2 beside label_2, in training as in a split
    const beside = [...folders, ...(root === undefined ? [] : [root])].map((folder) => path.dirname(folder));
    const parts = partsOf(found, place.folder.imageFolders(images, beside));
    return { parts: parts.map((part) => ({ ...part, name: splitName(part.name) })) };
  },
};

/** A label file of each folder that has any, among its first files with lines: images without objects have empty ones. */
async function* labelFiles(place: Place): AsyncGenerator<string> {
  const looked = new Map<string, number>();
  let others = 0;
  for (const { path: file } of place.files('.txt')) {
    const folder = path.dirname(file);
    const number = looked.get(folder) ?? 0;
    if (number === LOOKED_AT) continue;
    const lines = (await place.start(file)).split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length === 0) continue;
    const isLabels = lines.some((line) => partsOfLine(line) !== undefined);
    looked.set(folder, isLabels ? LOOKED_AT : number + 1);
    if (isLabels) yield file;
    else if (++others === MAX_OTHERS) return;
  }
}

function readObjects(text: string, file: string, report: ReadReport): AnnotatedObject[] {
  const objects: AnnotatedObject[] = [];
  for (const { line, number } of numberedLines(text)) {
    const place = `Line ${number} of "${file}"`;
    const parts = partsOfLine(line);
    if (!parts) {
      const what = `has ${line.split(/\s+/).length} fields: expected a type and 14 numbers, of which the fourth to seventh are the box; skipped`;
      report.problem('bad-annotation', file, place, what);
      continue;
    }
    const { type: name, numbers } = parts;
    const [, , , x1, y1, x2, y2] = numbers;
    objects.push({
      name,
      box: [x1, y1, x2, y2],
      place,
      ...(name === 'DontCare' && { everyClass: true, ignored: true }),
    });
  }
  return objects;
}
