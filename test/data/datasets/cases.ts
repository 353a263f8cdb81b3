// Annotation files as tools write them, in cases/, and grey images of their sizes.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { DataProblem, ImageRecord } from '../../../src/data/types';

/** The path of a file in cases/. */
export const caseFile = (name: string): string => path.join(__dirname, 'cases', name);

/** A new folder for the files of a test. */
export const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'detlab-cases-'));

/** Writes grey images, `{ 'a.jpg': [width, height] }`, into `folder`. */
export async function greyImages(folder: string, sizes: Record<string, [number, number]>): Promise<void> {
  for (const [name, [width, height]] of Object.entries(sizes)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    await sharp({ create: { width, height, channels: 3, background: '#808080' } }).toFile(path.join(folder, name));
  }
}

/** The images that most cases are of. */
export const CASE_IMAGES: Record<string, [number, number]> = {
  'a.jpg': [640, 480],
  'b.jpg': [640, 480],
  'cell 3.jpg': [500, 375],
};

interface CocoParts {
  images?: object[];
  annotations?: object[];
  categories?: object[];
}

/** Writes an annotation file of a.jpg and b.jpg with one class; `parts` replace the lists. */
export function writeCoco(folder: string, parts: CocoParts): string {
  const file = path.join(folder, `${crypto.randomUUID()}.json`);
  const images = [
    { id: 1, file_name: 'a.jpg', width: 640, height: 480 },
    { id: 2, file_name: 'b.jpg', width: 640, height: 480 },
  ];
  const categories = [{ id: 1, name: 'cell' }];
  writeFileSync(file, JSON.stringify({ images, annotations: [], categories, ...parts }));
  return file;
}

/** An annotation of a.jpg; `over` replaces fields. */
export const annotation = (over: object = {}): object => ({
  id: 1,
  image_id: 1,
  category_id: 1,
  bbox: [100, 50, 100, 80],
  area: 8000,
  iscrowd: 0,
  ...over,
});

/** `kind id` of each problem. */
export const kindsOf = (problems: readonly DataProblem[]): string[] =>
  problems.map(({ kind, id }) => (id === undefined ? kind : `${kind} ${id}`));

/** The boxes of a record, rounded to hundredths. */
export const boxesOf = ({ truths: { bboxes, labels } }: ImageRecord): number[][] =>
  Array.from(labels, (_, i) => Array.from(bboxes.subarray(4 * i, 4 * i + 4), (v) => Math.round(v * 100) / 100));
