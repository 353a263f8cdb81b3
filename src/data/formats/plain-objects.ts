// Images and boxes of the user's own program, checked as a file is: dataset.from([{ image, boxes, labels }]).

import path from 'node:path';
import { DetLabError, didYouMean, nameOfValue } from '../../errors';
import { fieldsOf, numberOf } from '../datasets/coco/fields';
import { readOutline } from '../datasets/coco/outline';
import type { AnnotatedImage, AnnotatedObject, Corners, Reading } from './annotated-image';
import { splitName } from './parts';
import type { ReadReport } from './read-report';

/** One image of `dataset.from`. */
export interface PlainImage {
  /** Path of the file. */
  image: string;
  /** In pixels, as `boxFormat` says. */
  boxes?: ArrayLike<ArrayLike<number>>;
  /** A name of each box, or its number in `classes`. */
  labels?: ArrayLike<string | number>;
  /** Polygons or run lengths of each object, as in a COCO file; null for one without. */
  segmentations?: ArrayLike<unknown>;
  /** Whether a box is neither to be found nor an error. */
  ignored?: ArrayLike<boolean | number>;
  /** `train` (default), `val` or another part. */
  split?: string;
  id?: number;
}

export const BOX_FORMATS = ['xyxy', 'xywh', 'cxcywh'] as const;
/** How the numbers of a box are meant: two corners, corner and size, or centre and size, in pixels. */
export type BoxFormat = (typeof BOX_FORMATS)[number];

const KEYS = ['image', 'boxes', 'labels', 'segmentations', 'ignored', 'split', 'id'];

const corners: Record<BoxFormat, (box: Corners) => Corners> = {
  xyxy: (box) => box,
  xywh: ([x, y, w, h]) => [x, y, x + w, y + h],
  cxcywh: ([x, y, w, h]) => [x - w / 2, y - h / 2, x + w / 2, y + h / 2],
};

/** @throws DetLabError naming the image for what is no image, box or label: a program can be corrected */
export function readPlainObjects(
  given: Iterable<PlainImage>,
  { classes, boxFormat = 'xyxy' }: { classes?: readonly string[]; boxFormat?: BoxFormat },
  report: ReadReport,
): Reading {
  const parts = new Map<string, AnnotatedImage[]>();
  let number = 0;
  for (const entry of given) {
    const where = `image ${number++}`;
    const fields = fieldsOf(entry);
    if (!fields || typeof fields.image !== 'string' || fields.image === '')
      throw refused(
        where,
        `expected { image: 'a.jpg', boxes, labels }, received ${nameOfValue(fields?.image ?? entry)}`,
      );
    const unknown = Object.keys(fields).find((key) => !KEYS.includes(key));
    if (unknown !== undefined)
      throw refused(where, `it has no key "${unknown}".${didYouMean(unknown, KEYS)} Known: ${KEYS.join(', ')}`);
    const named = `${where} ("${fields.image}")`;
    const file = path.resolve(fields.image);
    const objects = objectsOf(entry, named, file, { classes, boxFormat }, report);
    const split = splitName(textOf(entry.split, named) ?? 'train');
    const image: AnnotatedImage = {
      path: file,
      names: [fields.image],
      file,
      objects,
      ...(numberOf(entry.id) !== undefined && { id: entry.id }),
    };
    const part = parts.get(split);
    if (part) part.push(image);
    else parts.set(split, [image]);
  }
  if (parts.size === 0)
    throw new DetLabError('Cannot make a data set of no images: expected at least one { image, boxes, labels }');
  return {
    parts: [...parts].map(([name, images]) => ({ name, images, folders: [] })),
    classes: classes && [...classes],
  };
}

const refused = (where: string, what: string): DetLabError =>
  new DetLabError(`Cannot use ${where} of dataset.from: ${what}`);

function textOf(value: unknown, where: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw refused(where, `expected split to be a name, received ${nameOfValue(value)}`);
}

function objectsOf(
  entry: PlainImage,
  where: string,
  file: string,
  { classes, boxFormat }: { classes?: readonly string[]; boxFormat: BoxFormat },
  report: ReadReport,
): AnnotatedObject[] {
  const boxes = listOf(entry.boxes, 'boxes', where);
  const columns = ['labels', 'segmentations', 'ignored'] as const;
  const [labels, segmentations, ignored] = columns.map((key) => listOf(entry[key], key, where));
  for (const [i, list] of [labels, segmentations, ignored].entries())
    if (list.length !== boxes.length && (i === 0 || list.length > 0))
      throw refused(where, `expected as many ${columns[i]} as boxes, received ${list.length} and ${boxes.length}`);
  return boxes.map((given, i) => {
    const place = `Box ${i} of "${file}"`;
    const numbers = listOf(given as ArrayLike<unknown>, `boxes[${i}]`, where).map((value) =>
      typeof value === 'number' ? value : Number.NaN,
    );
    if (numbers.length !== 4 || !numbers.every(Number.isFinite))
      throw refused(
        where,
        `expected four numbers in boxes[${i}] (${boxFormat}), received ${JSON.stringify([...numbers])}`,
      );
    const name = nameOf(labels[i], `labels[${i}]`, where, classes);
    const outline = readOutline(segmentations[i]);
    if (outline.kind === 'bad')
      report.problem('bad-outline', file, place, `has no usable outline: its segmentation ${outline.why}`);
    return {
      name,
      box: corners[boxFormat](numbers as Corners),
      place,
      ...(outline.kind === 'usable' && { outline: outline.segmentation }),
      ...(ignored[i] ? { ignored: true } : {}),
    };
  });
}

function listOf(value: unknown, key: string, where: string): unknown[] {
  if (value === undefined || value === null) return [];
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
  if (!isList) throw refused(where, `expected ${key} to be a list, received ${nameOfValue(value)}`);
  return Array.from(value as ArrayLike<unknown>);
}

function nameOf(label: unknown, key: string, where: string, classes: readonly string[] | undefined): string {
  if (typeof label === 'string' && label !== '') {
    if (!classes || classes.includes(label)) return label;
    throw refused(
      where,
      `${key} is "${label}", which is none of the classes.${didYouMean(label, classes)} Classes: ${classes.join(', ')}`,
    );
  }
  if (typeof label !== 'number') throw refused(where, `expected ${key} to be a class, received ${nameOfValue(label)}`);
  if (!classes)
    throw refused(where, `${key} is the number ${label}: give the names of the classes, { classes: ['cat', 'dog'] }`);
  const name = classes[label];
  if (name !== undefined) return name;
  throw refused(where, `${key} is ${label}, expected 0 to ${classes.length - 1}, the numbers of ${classes.join(', ')}`);
}
