// YOLO as Ultralytics reads it: data.yaml, images/<part> and labels/<part>. Polygons where every object is one polygon, else boxes:
// Ultralytics refuses a file in which both are. Ignored objects cannot be written.

import { yaml } from '../formats/yaml';
import type { ImageRecord } from '../types';
import {
  countObjectsOf,
  type ExportedObject,
  type ExportFiles,
  type ExportPart,
  extendsBeyond,
  objectsAre,
  objectsOf,
  onePolygon,
  stemOf,
} from './export-files';

const NO_VALIDATION =
  'there are no validation images: val of data.yaml, which Ultralytics demands, is the folder of the training images';

export function yoloFiles(parts: readonly ExportPart[], classes: readonly string[]): ExportFiles {
  const used = countObjectsOf(parts, ({ ignored }) => !ignored);
  const ignored = countObjectsOf(parts, (object) => object.ignored);
  const outlined = countObjectsOf(parts, (object) => !object.ignored && object.outline !== undefined);
  const polygons =
    used > 0 && countObjectsOf(parts, (object) => !object.ignored && onePolygon(object.outline)) === used;
  const beyond = countObjectsOf(parts, (object, record) => !object.ignored && extendsBeyond(object, record));
  const losses = [
    [ignored, 'ignored or crowds, which YOLO does not have, and not written'],
    [
      polygons ? 0 : outlined,
      'written as the boxes around their outlines: YOLO has polygons of one part, of all objects or of none',
    ],
    [beyond, 'cut to their images, beyond which Ultralytics refuses coordinates'],
  ] as const;
  return {
    images: ({ name }) => `images/${name}`,
    *files() {
      for (const { name, dataset, names } of parts)
        for (const [i, record] of dataset.records.entries())
          yield [`labels/${name}/${stemOf(names[i])}.txt`, labelsOf(record, polygons)];
      const splits = Object.fromEntries(parts.map(({ name }) => [name, `images/${name}`]));
      const data = {
        train: 'images/train',
        val: splits.val ?? 'images/train',
        names: Object.fromEntries(classes.entries()),
      };
      yield ['data.yaml', yaml().stringify(data, { lineWidth: 0 })];
    },
    losses: [
      ...losses.filter(([count]) => count > 0).map(([count, what]) => `${objectsAre(count)} ${what}`),
      ...(parts.some(({ name }) => name === 'val') ? [] : [NO_VALIDATION]),
    ],
  };
}

function labelsOf(record: ImageRecord, polygons: boolean): string {
  const lines = objectsOf(record)
    .filter(({ ignored }) => !ignored)
    .map((object) => [object.label, ...numbersOf(object, record, polygons)].join(' '));
  return lines.map((line) => `${line}\n`).join('');
}

function numbersOf({ box, outline }: ExportedObject, { width, height }: ImageRecord, polygons: boolean): number[] {
  const fraction = (value: number, side: number) => Number(Math.min(Math.max(value / side, 0), 1).toPrecision(12));
  if (polygons && onePolygon(outline))
    return outline[0].map((value, i) => fraction(value, i % 2 === 0 ? width : height));
  const clipped = box.map((value, i) => Math.min(Math.max(value, 0), i % 2 === 0 ? width : height));
  const [x1, y1, x2, y2] = clipped;
  return [
    fraction((x1 + x2) / 2, width),
    fraction((y1 + y2) / 2, height),
    fraction(x2 - x1, width),
    fraction(y2 - y1, height),
  ];
}
