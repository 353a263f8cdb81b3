// Data sets of the cases as they are opened: boxes by image and class, problems, notices.

import path from 'node:path';
import type { FormatOptions } from '../../../src/data/formats/format';
import { openFormat } from '../../../src/data/formats/open-format';
import type { Dataset } from '../../../src/data/types';
import { boxesOf, CASE_IMAGES, copyOfCase, greyImages, kindsOf, writeFiles } from '../datasets/cases';

export interface Summary {
  classes: string[];
  /** [class, x1, y1, x2, y2, what is particular of it] by the name of the image without extension. */
  boxes: Record<string, (string | number)[][]>;
  problems: string[];
  messages: string;
}

export function summary({ classes, records, problems }: Dataset): Summary {
  const boxes = Object.fromEntries(
    records.map((record) => [
      path.basename(record.path, path.extname(record.path)),
      boxesOf(record).map((box, i) => [
        classes[record.truths.labels[i]],
        ...box,
        ...(record.crowds?.[i] ? ['crowd'] : record.truths.ignored[i] ? ['ignored'] : []),
        ...(record.segmentations?.[i] ? ['outline'] : []),
      ]),
    ]),
  );
  return { classes, boxes, problems: kindsOf(problems), messages: problems.map(({ message }) => message).join('\n') };
}

/** @param format `auto` when not given */
export async function opened(folder: string, format = 'auto', options: FormatOptions = {}) {
  const { train, val, name } = await openFormat(folder, format, options);
  const notices = [...(train.notices ?? []), ...(val?.notices ?? [])].join('\n');
  return { name, train, val, ...summary(train), valid: val && summary(val), notices };
}

/** Opens a copy of a folder in cases/exports with grey images in its folder `images`. */
export async function openedCase(name: string, images: string, format = 'auto', options: FormatOptions = {}) {
  const folder = copyOfCase(`exports/${name}`);
  await greyImages(path.join(folder, images), CASE_IMAGES);
  return opened(folder, format, options);
}

/** The boxes that were drawn in the data set that most tools exported; polygons as their boxes, upright around turned ones. */
export const DRAWN: Summary['boxes'] = {
  a: [
    ['RBC', 100, 50, 200, 150],
    ['WBC', 300.5, 200.25, 400.5, 320.75],
  ],
  b: [
    ['Platelets', 10.4, 20.6, 40.4, 60.6],
    ['RBC', 600, 400, 660, 500],
    ['RBC', 50, 60, 150, 160],
  ],
  'cell 3': [
    ['WBC', 261.7, 189.02, 378.3, 290.98],
    ['Platelets', 0, 0, 500, 375],
  ],
};

/** Some drawn objects by [image, index], with what is particular of them: `{ a: { 1: 'outline' } }`. */
export function drawn(particular: Record<string, Record<number, string>> = {}): Summary['boxes'] {
  return Object.fromEntries(
    Object.entries(DRAWN).map(([image, boxes]) => [
      image,
      boxes.map((box, i) => [...box, ...(particular[image]?.[i] ? [particular[image][i]] : [])]),
    ]),
  );
}

/** Files beside grey images of 100 x 200 pixels. */
export async function folderOf(
  files: Record<string, string | Uint8Array>,
  images = ['a.png', 'b.png'],
  size: [number, number] = [100, 200],
) {
  const folder = writeFiles(files);
  await greyImages(folder, Object.fromEntries(images.map((name) => [name, size])));
  return folder;
}
