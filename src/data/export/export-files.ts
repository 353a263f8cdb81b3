// What a format makes of a data set: files to be written, where each image goes, and what the format cannot hold.

import type { Segmentation } from '../../masks';
import { outlinesOf } from '../columns/outline-flags';
import type { Dataset, ImageRecord } from '../types';

export interface ExportPart {
  /** `train` or `val`. */
  name: string;
  dataset: Dataset;
  /** The name of each image, without folders, unique in the whole data set. */
  names: readonly string[];
  /** The path of each image relative to the folder in which they are left; set where they are not copied. */
  left?: readonly string[];
}

export interface ExportFiles {
  /** Where the images of a part go, relative to the folder. */
  images(part: ExportPart): string;
  /** Text files by their paths relative to the folder, made one by one. */
  files():
    | AsyncIterable<[path: string, content: string | Uint8Array]>
    | Iterable<[path: string, content: string | Uint8Array]>;
  /** One sentence each. */
  losses: string[];
}

export interface ExportedObject {
  label: number;
  /** [x1, y1, x2, y2] in pixels. */
  box: [number, number, number, number];
  area: number;
  crowd: boolean;
  /** Crowds are ignored too. */
  ignored: boolean;
  outline?: Segmentation;
  /** COCO's: x, y in pixels and visibility 0, 1 or 2 of each. */
  keypoints?: number[];
}

/** The objects of an image. */
export function objectsOf(record: ImageRecord): ExportedObject[] {
  const { truths, areas, crowds, keypoints } = record;
  const segmentations = outlinesOf(record);
  const numbers = 3 * (keypoints?.flipIndices.length ?? 0);
  return Array.from(truths.labels, (label, i) => {
    const [x1, y1, x2, y2] = Array.from(truths.bboxes.subarray(4 * i, 4 * i + 4), shortest);
    return {
      label,
      box: [x1, y1, x2, y2],
      area: shortest(areas[i]),
      crowd: crowds?.[i] === 1,
      ignored: truths.ignored[i] === 1,
      ...(segmentations[i] && { outline: segmentations[i] }),
      ...(keypoints && {
        keypoints: Array.from(keypoints.points.subarray(numbers * i, numbers * (i + 1)), shortest),
      }),
    };
  });
}

/** The shortest decimal that is read as the same 32-bit number: 10.4, not 10.399999618530273. */
export function shortest(value: number): number {
  if (Number.isInteger(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}

/** The number of objects of which something is true. */
export function countObjectsOf(
  parts: readonly ExportPart[],
  is: (object: ExportedObject, record: ImageRecord) => boolean,
): number {
  let count = 0;
  for (const { dataset } of parts)
    for (const record of dataset.records) for (const object of objectsOf(record)) if (is(object, record)) count++;
  return count;
}

/** `3 objects are`, `1 object is`. */
export const objectsAre = (count: number): string =>
  count === 1 ? '1 object is' : `${count.toLocaleString('en')} objects are`;

/** `a` of `a.jpg`. */
export const stemOf = (name: string): string => name.replace(/\.[^.]*$/, '');

export const extendsBeyond = ({ box: [x1, y1, x2, y2] }: ExportedObject, { width, height }: ImageRecord): boolean =>
  x1 < 0 || y1 < 0 || x2 > width || y2 > height;

/** Whether an outline is one polygon. */
export const onePolygon = (outline: Segmentation | undefined): outline is number[][] =>
  Array.isArray(outline) && outline.length === 1;
