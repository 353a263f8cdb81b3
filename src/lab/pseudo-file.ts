// Pseudo-labels as a COCO annotation file with `score` and `status` of each box, to be corrected in an editor or a labelling tool and read
// back: what is missing then is rejected, what has moved or has another category is edited, what is new was added.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, didYouMean } from '../errors';
import {
  areaOf,
  outlineOf,
  PSEUDO_STATUS,
  type PseudoBox,
  type PseudoImage,
  type PseudoStatus,
  withoutOutline,
} from './pseudo-boxes';

/** What a file holds. */
export function cocoOfBoxes(
  classes: readonly string[],
  images: readonly PseudoImage[],
  boxes: readonly PseudoBox[],
): unknown {
  const idOf = new Map(images.map(({ id, path: file }) => [file, id]));
  return {
    images: images.map(({ id, path: file, width, height }) => ({ id, file_name: file, width, height })),
    annotations: boxes.map((box) => {
      const {
        id,
        image,
        label,
        score,
        bbox: [x1, y1, x2, y2],
        status,
      } = box;
      const segmentation = outlineOf(box);
      return {
        id,
        image_id: idOf.get(image),
        category_id: classes.indexOf(label) + 1,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        area: areaOf(box),
        iscrowd: 0,
        score,
        status,
        ...(segmentation && { segmentation }),
      };
    }),
    categories: classes.map((name, i) => ({ id: i + 1, name })),
  };
}

/** Positions in files are rounded by some tools. */
const MOVED = 0.01;

/**
 * The boxes as a file says they are now.
 * @throws DetLabError for a file that is none, naming the annotation and what was expected of it
 */
export function reviewedBoxes(
  file: string,
  classes: readonly string[],
  images: readonly PseudoImage[],
  boxes: readonly PseudoBox[],
): PseudoBox[] {
  const { annotations, categories } = readAnnotations(file);
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const pathOf = new Map(images.map(({ id, path: image }) => [id, image]));
  const before = new Map(boxes.map((box) => [box.id, box]));
  const seen = new Map<number, PseudoBox>();
  let free = Math.max(0, ...boxes.map(({ id }) => id)) + 1;
  const added: PseudoBox[] = [];
  for (const [i, annotation] of annotations.entries()) {
    const fail = (problem: string): never => {
      throw new DetLabError(`Cannot review "${file}": annotation ${nameOfId(annotation.id, i)} ${problem}`);
    };
    const { label, image, bbox, status } = partsOf(annotation, { names, pathOf, classes }, fail);
    const old = typeof annotation.id === 'number' ? before.get(annotation.id) : undefined;
    if (!old || old.image !== image || seen.has(old.id)) {
      added.push({ id: free++, image, label, score: 1, bbox, status });
      continue;
    }
    const isMoved = bbox.some((v, k) => Math.abs(v - old.bbox[k]) > MOVED);
    // the outline of another box is none of this one
    seen.set(old.id, isMoved ? { ...withoutOutline(old), label, bbox, status } : { ...old, label, status });
  }
  return [...boxes.map((box) => seen.get(box.id) ?? { ...box, status: 'rejected' as const }), ...added];
}

const nameOfId = (id: unknown, i: number): string => (id === undefined ? `number ${i + 1}` : String(id));

interface Annotation {
  id?: unknown;
  image_id?: unknown;
  category_id?: unknown;
  bbox?: unknown;
  status?: unknown;
}

function partsOf(
  { image_id, category_id, bbox, status = 'accepted' }: Annotation,
  known: { names: ReadonlyMap<unknown, string>; pathOf: ReadonlyMap<unknown, string>; classes: readonly string[] },
  fail: (problem: string) => never,
) {
  const image = known.pathOf.get(image_id) ?? fail(`is of image ${String(image_id)}, which was not labelled`);
  const label =
    known.names.get(category_id) ?? fail(`has the category ${String(category_id)}, which the file does not have`);
  if (!known.classes.includes(label))
    fail(`is a "${label}"; the classes are ${known.classes.join(', ')}.${didYouMean(label, [...known.classes])}`);
  const isBox =
    Array.isArray(bbox) && bbox.length === 4 && bbox.every((v) => typeof v === 'number' && Number.isFinite(v));
  if (!isBox || !(bbox[2] > 0 && bbox[3] > 0))
    return fail(`has no box: expected bbox: [x, y, width, height], received ${JSON.stringify(bbox)}`);
  if (!PSEUDO_STATUS.includes(status as PseudoStatus))
    fail(`has the status ${JSON.stringify(status)}: expected ${PSEUDO_STATUS.join(', ')}`);
  const [x, y, width, height] = bbox as number[];
  return { image, label, bbox: [x, y, x + width, y + height] as PseudoBox['bbox'], status: status as PseudoStatus };
}

function readAnnotations(file: string): { annotations: Annotation[]; categories: { id: unknown; name: string }[] } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new DetLabError(`Cannot review "${path.resolve(file)}": ${(error as Error).message}`);
  }
  let content: { annotations?: unknown; categories?: unknown } | null;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new DetLabError(`Cannot review "${file}": it is no JSON (${(error as Error).message})`);
  }
  const { annotations, categories } = content ?? {};
  if (!Array.isArray(annotations) || !Array.isArray(categories))
    throw new DetLabError(
      `Cannot review "${file}": expected a COCO annotation file with annotations and categories, such as pseudo.save() writes`,
    );
  return { annotations, categories };
}
