// Annotation files as tools write them, in cases/, and grey images of their sizes.

import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { DataProblem, ImageRecord } from '../../../src/data/types';

/** The path of a file in cases/. */
export const caseFile = (name: string): string => path.join(__dirname, 'cases', name);

/** A new folder for the files of a test. */
export const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'detlab-cases-'));

/** A copy of a folder in cases/, to which a test may add files. */
export function copyOfCase(name: string): string {
  const folder = path.join(newFolder(), path.basename(name));
  cpSync(caseFile(name), folder, { recursive: true });
  return folder;
}

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

interface VocParts {
  /** Of the image; false: no <size>. */
  size?: [number, number] | false;
  /** XML before the objects. */
  head?: string;
}

/** The XML of an annotation; an object is [name, [xmin, ymin, xmax, ymax], more XML], or XML. */
export function vocXml(objects: (string | [string, (number | string)[], string?])[], parts: VocParts = {}): string {
  const { size = [640, 480], head = '' } = parts;
  const sized = size ? `<size><width>${size[0]}</width><height>${size[1]}</height><depth>3</depth></size>` : '';
  const written = objects.map((object) => {
    if (typeof object === 'string') return object;
    const [name, box, more = ''] = object;
    const [xmin, ymin, xmax, ymax] = box;
    return (
      `<object><name>${name}</name>${more}<bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin>` +
      `<xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`
    );
  });
  return `<annotation>${head}${sized}${written.join('')}</annotation>`;
}

/** Writes files, `{ 'Annotations/a.xml': '<annotation>...' }`, into a new folder, or into `folder`. */
export function writeFiles(files: Record<string, string | Uint8Array>, folder = newFolder()): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}
