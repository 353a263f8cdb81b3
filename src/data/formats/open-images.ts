// Open Images' CSV files: boxes as fractions of the image size, labels as machine ids, whose names are in class-descriptions*.csv.
// A box of a group of objects (IsGroupOf) is a crowd.

import path from 'node:path';
import { DetLabError } from '../../errors';
import type { AnnotatedImage } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitName } from './parts';
import type { Place } from './place';
import type { ReadReport } from './read-report';
import { readTable } from './read-table';

const COORDINATES = ['XMin', 'YMin', 'XMax', 'YMax'];
const isBoxes = (start: string): boolean => {
  const [header = ''] = start.split(/\r?\n/, 1);
  return ['ImageID', 'LabelName', ...COORDINATES].every((column) =>
    header.split(/[,;\t]/).some((cell) => cell.trim() === column),
  );
};

export const openImages: Format = {
  name: 'open-images',
  title: "Open Images' CSV",
  takes: ['images'],

  async recognise(place) {
    for (const file of place.samples('.csv'))
      if (isBoxes(await place.start(file))) return `"${place.relative(file)}" has the columns ImageID, LabelName, XMin`;
    return undefined;
  },

  async read(place, { images }, report) {
    const names = await classNames(place.folder, report);
    const byImage = new Map<string, AnnotatedImage>();
    const found: (readonly [string, AnnotatedImage])[] = [];
    for (const { path: file, stem } of place.files('.csv')) {
      if (!isBoxes(await place.start(file))) continue;
      // "train-annotations-bbox.csv", "oidv6-train-annotations-bbox.csv", "validation-annotations-bbox.csv"
      const split = splitName(/(train|validation|val|test)/i.exec(path.posix.basename(stem))?.[1] ?? 'train');
      for (const { fields, number } of (await readTable(file, report)).rows) {
        const place = `Line ${number} of "${file}"`;
        const box = COORDINATES.map((column) => (fields[column] === '' ? Number.NaN : Number(fields[column])));
        if (fields.ImageID === '' || fields.LabelName === '' || !box.every(Number.isFinite)) {
          report.problem('bad-annotation', file, place, 'lacks ImageID, LabelName or a coordinate; skipped');
          continue;
        }
        if (box.some((value) => Math.abs(value) > 2)) {
          report.problem(
            'bad-annotation',
            file,
            place,
            'has a coordinate above 2: expected fractions of the image size; skipped',
          );
          continue;
        }
        const key = `${split} ${fields.ImageID}`;
        let image = byImage.get(key);
        if (!image) {
          image = { names: [`${fields.ImageID}.jpg`, fields.ImageID], file, unit: 'fractions', objects: [] };
          byImage.set(key, image);
          found.push([split, image]);
        }
        const [x1, y1, x2, y2] = box;
        const name = names.get(fields.LabelName) ?? fields.LabelName;
        image.objects.push({
          name,
          box: [x1, y1, x2, y2],
          place,
          ...(fields.IsGroupOf === '1' && { crowd: true, group: true }),
        });
      }
    }
    if (found.length === 0) throw new DetLabError(`Cannot load "${place.path}" as Open Images' CSV: it has no box`);
    const splits = [...new Set(found.map(([split]) => split))].map((split) => path.join(place.root, split));
    const folders = place.folder.imageFolders(images, [place.root, ...splits]);
    const within = [...new Set(found.map(([split]) => split))].flatMap((split) =>
      folders.map((folder) => path.join(folder, split)),
    );
    return { parts: partsOf(found, [...within, ...folders]) };
  },
};

/** Names by machine id, of class-descriptions-boxable.csv, which has no header, or of a later file with one. */
async function classNames(place: Place, report: ReadReport): Promise<Map<string, string>> {
  const file = place.files('.csv').find(({ stem }) => /class-?descriptions/i.test(path.posix.basename(stem)));
  if (!file) {
    report.notice('there is no class-descriptions-boxable.csv: its classes are called by their machine ids');
    return new Map();
  }
  const { rows } = await readTable(file.path, report, ['LabelName', 'DisplayName']);
  return new Map(rows.map(({ cells: [id, name] }) => [id, name]));
}
