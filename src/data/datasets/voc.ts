// Datasets in Pascal VOC's layout (Annotations, ImageSets/Main, JPEGImages), with the conventions of MMDetection's
// XMLDataset: coordinates are truncated to integers and made 0-based (all four minus 1), `difficult` objects are ignored.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, didYouMean } from '../../errors';
import { BadData } from '../bad-data';
import { LIMITS, readBounded } from '../loading/bounded-read';
import { imageSize } from '../loading/decode';
import type { DataProblem, Dataset, ImageRecord } from '../types';
import { type FilterOptions, filterRecords } from './filter-records';
import { ImageFolder } from './image-folder';
import { type ClassOptions, selectClasses } from './select-classes';
import { packTruths, type TruthRow } from './truth-list';
import { readVocXml, type VocAnnotation } from './voc-xml';

export interface VocOptions extends FilterOptions, ClassOptions {
  /** A file of ImageSets/Main without `.txt`; default `train`. If there is no ImageSets, every annotation. */
  split?: string;
  name?: string;
  /** MMDetection's `bbox_min_size`: boxes narrower or lower than this are ignored. */
  bboxMinSize?: number;
}

const IMAGE_SUFFIXES = ['.jpg', '.jpeg', '.JPG', '.JPEG', '.png', '.PNG'];

/**
 * Reads one split of a VOC folder. Bad files and boxes are reported in `problems` and skipped.
 *
 * @throws DetLabError when the folder or split cannot be used at all.
 * @example const train = await loadVoc('data/bccd', { split: 'train', filterEmpty: true });
 */
export async function loadVoc(root: string, options: VocOptions = {}): Promise<Dataset> {
  const folder = path.resolve(root);
  const annotated = listXml(folder);
  const split = options.split ?? 'train';
  const ids = await readSplit(folder, split, annotated);
  const problems: DataProblem[] = [];

  // classes are collected from every annotation, so that all splits of a dataset agree on the labels
  const parsed = new Map<string, VocAnnotation>();
  const idsToRead = options.classes ? ids : [...new Set([...ids, ...annotated])];
  const inSplit = new Set(ids);
  for (const id of idsToRead) {
    const file = path.join(folder, 'Annotations', `${id}.xml`);
    try {
      parsed.set(id, readVocXml(await readXml(file, id), file, id));
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      if (inSplit.has(id)) problems.push(error.problem);
    }
  }
  const names = new Set<string>();
  for (const annotation of parsed.values())
    for (const object of annotation.objects) if (object.name) names.add(object.name);
  // selected classes may be absent from a small split
  const available = [...names].sort();
  const classes = options.classes
    ? selectClasses(options, [...new Set([...options.classes, ...available])], folder).classes
    : available;
  if (classes.length === 0)
    throw new DetLabError(`Cannot load "${folder}": no annotation has a named object. Give { classes: [...] }`);

  const images = new ImageFolder(path.join(folder, 'JPEGImages'));
  const records: ImageRecord[] = [];
  for (const [index, id] of ids.entries()) {
    const annotation = parsed.get(id);
    if (!annotation) continue;
    const record = await toRecord(index, id, annotation, images, classes, options, problems);
    if (record) records.push(record);
  }
  const name = options.name ?? `${path.basename(folder)} ${split}`;
  return { name, classes, records: filterRecords(records, options, problems), problems };
}

function listXml(folder: string): string[] {
  try {
    const names = readdirSync(path.join(folder, 'Annotations'));
    return names
      .filter((name) => name.endsWith('.xml'))
      .map((name) => name.slice(0, -4))
      .sort();
  } catch {
    throw new DetLabError(
      `Cannot load "${folder}" as a VOC dataset: expected folders Annotations, ImageSets and JPEGImages, found no Annotations`,
    );
  }
}

async function readSplit(folder: string, split: string, annotated: string[]): Promise<string[]> {
  const lists = path.join(folder, 'ImageSets', 'Main');
  let known: string[];
  try {
    known = readdirSync(lists)
      .filter((name) => name.endsWith('.txt'))
      .map((name) => name.slice(0, -4));
  } catch {
    return annotated; // no ImageSets: the whole folder is the split
  }
  if (!known.includes(split))
    throw new DetLabError(
      `Cannot load split "${split}" of "${folder}": it is not in ImageSets/Main.${didYouMean(split, known)} Known: ${known.sort().join(', ')}`,
    );
  const text = (await readBounded(path.join(lists, `${split}.txt`), LIMITS.list)).toString('utf8');
  // VOC's per-class lists have a second column (-1, 0, 1); the id is the first word
  const ids = text
    .split(/\r?\n/)
    .map((line) => line.trim().split(/\s+/)[0])
    .filter(Boolean);
  return [...new Set(ids)];
}

async function readXml(file: string, id: string): Promise<string> {
  try {
    return (await readBounded(file, LIMITS.xml)).toString('utf8');
  } catch (error) {
    const message = `Cannot read annotation "${file}": ${(error as Error).message}`;
    throw new BadData({ kind: 'bad-annotation', file, id, message });
  }
}

async function toRecord(
  index: number,
  id: string,
  annotation: VocAnnotation,
  images: ImageFolder,
  classes: string[],
  options: VocOptions,
  problems: DataProblem[],
): Promise<ImageRecord | undefined> {
  const candidates = IMAGE_SUFFIXES.map((suffix) => images.resolve(id + suffix)).filter((p) => p !== undefined);
  const imagePath = candidates.find((candidate) => images.has(candidate));
  if (!imagePath) {
    const file = candidates[0] ?? id;
    problems.push({ kind: 'missing-image', file, id, message: `Cannot find image "${file}" of annotation "${id}"` });
    return undefined;
  }
  let size = annotation.size;
  if (!size) {
    try {
      size = await imageSize(imagePath, id);
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      problems.push(error.problem);
      return undefined;
    }
  }
  const rows: TruthRow[] = [];
  for (const [i, object] of annotation.objects.entries()) {
    const where = `${id}#${i + 1}`;
    const bad = (kind: DataProblem['kind'], what: string) =>
      problems.push({
        kind,
        file: annotation.file,
        id: where,
        message: `Object ${i + 1} of "${annotation.file}" ${what}`,
      });
    if (object.problem) {
      bad(object.problem.kind, object.problem.what);
      continue;
    }
    const label = classes.indexOf(object.name);
    if (label < 0) continue;
    const [x1, y1, x2, y2] = object.bbox;
    const [w, h] = [x2 - x1, y2 - y1];
    if (w <= 0 || h <= 0) {
      bad('zero-area', `(${object.name}) is ${w} x ${h} pixels; skipped`);
      continue;
    }
    if (x1 >= size.width || y1 >= size.height || x2 <= 0 || y2 <= 0) {
      bad('box-outside', `(${object.name}) is outside the ${size.width} x ${size.height} image; skipped`);
      continue;
    }
    if (x1 < -1 || y1 < -1 || x2 > size.width || y2 > size.height)
      bad('box-outside', `(${object.name}) extends beyond the ${size.width} x ${size.height} image; clipped`);
    const small = options.bboxMinSize !== undefined && (w < options.bboxMinSize || h < options.bboxMinSize);
    rows.push({ bbox: object.bbox, label, ignored: object.difficult || small, area: w * h, annotationId: where });
  }
  return { id: index + 1, path: imagePath, ...size, ...packTruths(rows) };
}
