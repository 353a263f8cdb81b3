// Datasets in COCO's JSON format, with the conventions of MMDetection's CocoDataset: crowds are ignore regions; boxes
// outside the image, without area or thinner than a pixel are skipped (here: and reported). Boxes that extend beyond the
// border are left to Resize to clip. Unlike MMDetection, labels follow the order of `classes`.

import path from 'node:path';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { type Segmentation, usableParts } from '../../masks';
import { LIMITS, readBounded } from '../loading/bounded-read';
import type { DataProblem, Dataset, ImageRecord } from '../types';
import { type FilterOptions, filterRecords } from './filter-records';
import { ImageFolder } from './image-folder';
import { withProposals } from './proposal-file';
import { selectClasses } from './select-classes';
import { packTruths, type TruthRow } from './truth-list';

export interface CocoOptions extends FilterOptions {
  /** Classes to use, in label order; default: every category, in the file's order. */
  classes?: readonly string[];
  /** Name shown in tables; default: the annotation file's. */
  name?: string;
  /** JSON file of precomputed proposals, for Fast R-CNN. */
  proposalFile?: string;
}

const side = z.number().int().positive().max(65_535);
const imageId = z.number().int();
const imageSchema = z.object({ id: imageId, file_name: z.string().min(1), width: side, height: side });
const categorySchema = z.object({ id: z.number().int(), name: z.string().min(1) });
const annotationSchema = z.object({
  id: z.union([z.number(), z.string()]),
  image_id: imageId,
  category_id: z.number().int(),
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  area: z.number().optional(),
  segmentation: z.unknown().optional(),
  iscrowd: z.union([z.number(), z.boolean()]).optional(),
  ignore: z.union([z.number(), z.boolean()]).optional(),
});
type CocoImage = z.infer<typeof imageSchema>;
type CocoAnnotation = z.infer<typeof annotationSchema>;

/**
 * Reads a COCO annotation file; `imgDir` holds its images. Bad entries are reported in `problems` and skipped.
 *
 * @throws DetLabError when the file itself cannot be used (missing, not JSON, no images, no categories).
 * @example const train = await loadCoco('annotations/train.json', 'train2017', { filterEmpty: true, minSize: 32 });
 */
export async function loadCoco(annFile: string, imgDir: string, options: CocoOptions = {}): Promise<Dataset> {
  const file = path.resolve(annFile);
  const json = await readJson(file);
  const problems: DataProblem[] = [];
  const categories = new Map<number, string>();
  for (const entry of list(json, 'categories', file)) {
    const category = check(categorySchema, entry, 'category', file, problems);
    if (category) categories.set(category.id, category.name);
  }
  const classes = selectClasses(options.classes, [...categories.values()], file);
  const labelOfName = new Map(classes.map((name, i) => [name, i]));
  const images = readImages(list(json, 'images', file), new ImageFolder(path.resolve(imgDir)), file, problems);

  const rows = new Map<number, TruthRow[]>([...images.keys()].map((id) => [id, []]));
  for (const entry of list(json, 'annotations', file)) {
    const annotation = checkAnnotation(entry, file, problems);
    if (!annotation) continue;
    const name = categories.get(annotation.category_id);
    if (name === undefined) {
      report(
        problems,
        'unknown-category',
        file,
        annotation.id,
        `has category_id ${annotation.category_id}, which "categories" does not list`,
      );
      continue;
    }
    const image = images.get(annotation.image_id)?.image;
    if (image === undefined) {
      report(
        problems,
        'bad-annotation',
        file,
        annotation.id,
        `belongs to image ${annotation.image_id}, which "images" does not list`,
      );
      continue;
    }
    const label = labelOfName.get(name);
    if (label === undefined || annotation.ignore) continue;
    const row = toTruth(annotation, image, label, file, problems);
    if (row) rows.get(image.id)!.push(row);
  }
  const records: ImageRecord[] = [];
  for (const [id, { image, path: imagePath, present }] of images)
    if (present)
      records.push({ id, path: imagePath, width: image.width, height: image.height, ...packTruths(rows.get(id)!) });
  const name = options.name ?? path.basename(file, '.json');
  const dataset = { name, classes, records: filterRecords(records, options, problems), problems };
  return options.proposalFile ? withProposals(dataset, options.proposalFile) : dataset;
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = (await readBounded(file, LIMITS.json)).toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new DetLabError(`Cannot find the annotation file "${file}". Give the path of a COCO JSON file`);
  }
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch (error) {
    throw new DetLabError(`Cannot read "${file}" as JSON: ${(error as Error).message}`);
  }
  throw new DetLabError(
    `Cannot use "${file}" as a COCO annotation file: expected an object with images, annotations and categories`,
  );
}

function list(json: Record<string, unknown>, key: string, file: string): unknown[] {
  const value = json[key];
  if (Array.isArray(value)) return value;
  throw new DetLabError(
    `Cannot use "${file}" as a COCO annotation file: expected a list "${key}", received ${value === undefined ? 'nothing' : typeof value}`,
  );
}

function readImages(entries: unknown[], folder: ImageFolder, file: string, problems: DataProblem[]) {
  const images = new Map<number, { image: CocoImage; path: string; present: boolean }>();
  for (const entry of entries) {
    const image = check(imageSchema, entry, 'image', file, problems);
    if (!image) continue;
    if (images.has(image.id)) {
      report(problems, 'bad-annotation', file, image.id, 'is a second image with the same id; the first one is used');
      continue;
    }
    const full = folder.resolve(image.file_name);
    const present = full !== undefined && folder.has(full);
    if (!present)
      problems.push({
        kind: 'missing-image',
        file: full ?? image.file_name,
        id: image.id,
        message: full
          ? `Cannot find image "${full}" (id ${image.id})`
          : `Image ${image.id}: "${image.file_name}" is outside "${folder.root}"`,
      });
    images.set(image.id, { image, path: full ?? image.file_name, present });
  }
  return images;
}

function checkAnnotation(entry: unknown, file: string, problems: DataProblem[]): CocoAnnotation | undefined {
  const bbox = (entry as { bbox?: unknown } | null)?.bbox;
  if (
    typeof entry === 'object' &&
    entry !== null &&
    (bbox === undefined || (Array.isArray(bbox) && bbox.length === 0))
  ) {
    report(problems, 'empty-annotation', file, (entry as { id?: number }).id, 'has no box');
    return undefined;
  }
  return check(annotationSchema, entry, 'annotation', file, problems);
}

/** The ground-truth box of an annotation by MMDetection's rules; what they skip is reported. */
function toTruth(
  { id, bbox, area, iscrowd, segmentation }: CocoAnnotation,
  image: CocoImage,
  label: number,
  file: string,
  problems: DataProblem[],
): TruthRow | undefined {
  const [x, y, w, h] = bbox;
  const size = area ?? w * h;
  if (size <= 0 || w < 1 || h < 1) {
    report(problems, 'zero-area', file, id, `of "${image.file_name}" is ${w} x ${h} pixels, area ${size}; skipped`);
    return undefined;
  }
  const insideX = Math.min(x + w, image.width) - Math.max(x, 0);
  const insideY = Math.min(y + h, image.height) - Math.max(y, 0);
  const where = `[${bbox.join(', ')}] (x, y, w, h) of "${image.file_name}"`;
  if (insideX <= 0 || insideY <= 0) {
    report(
      problems,
      'box-outside',
      file,
      id,
      `${where} is outside the ${image.width} x ${image.height} image; skipped`,
    );
    return undefined;
  }
  if (w - insideX > 1 || h - insideY > 1)
    report(
      problems,
      'box-outside',
      file,
      id,
      `${where} extends beyond the ${image.width} x ${image.height} image; clipped`,
    );
  const row: TruthRow = {
    bbox: [x, y, x + w, y + h],
    label,
    ignored: Boolean(iscrowd),
    area: size,
    annotationId: id,
  };
  // an empty or invalid segmentation counts as none: with_mask turns the object into an ignore region
  if (usableParts(segmentation)) row.segmentation = segmentation as Segmentation;
  return row;
}

function check<T>(
  schema: z.ZodType<T>,
  entry: unknown,
  what: string,
  file: string,
  problems: DataProblem[],
): T | undefined {
  const result = schema.safeParse(entry);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const id = (entry as { id?: number | string } | null)?.id;
  const message = `${what} ${id ?? '(no id)'} in "${file}": ${issue.path.join('.') || what}: ${issue.message}`;
  problems.push({ kind: 'bad-annotation', file, id, message });
  return undefined;
}

function report(
  problems: DataProblem[],
  kind: DataProblem['kind'],
  file: string,
  id: number | string | undefined,
  what: string,
): void {
  problems.push({ kind, file, id, message: `Annotation ${id ?? '(no id)'} in "${file}" ${what}` });
}
