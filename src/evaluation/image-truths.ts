// The ground truth of an evaluation: float64 xywh boxes per image, from a dataset's records or a COCO file.

import { outlineFlags, outlinesOf } from '../data/columns/outline-flags';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError, didYouMean } from '../errors';
import { maskOfOutline, type Rle, type Segmentation, usableParts } from '../masks';
import { readCocoJson } from './coco-json';

export interface ImageTruths {
  imageId: number;
  /** [n * 4] x, y, width, height. */
  boxes: Float64Array;
  /** Rotated boxes, where they are evaluated [n, 5]. */
  rboxes?: Float32Array;
  labels: Int32Array;
  /** Areas for COCO's size ranges: the segment's where known. */
  areas: Float64Array;
  /** 1: crowd or difficult. Neither detecting nor missing it is counted. */
  ignored: Uint8Array;
  /** 1 for those of the ignored that may match several detections. Absent: all of them. */
  crowds?: Uint8Array;
  /** 1 for objects without outline: evaluated as boxes, ignored as masks. Absent: none. */
  maskless?: Uint8Array;
  /** The mask of object g, decoded on demand; of an object without outline, its box. A polygon's is of size `frame`. */
  mask?(g: number, frame?: { height: number; width: number }): Rle;
  /** What `mask` decodes: the outline of object g, where it has one. Absent: masks are not of outlines alone. */
  outline?(g: number): Segmentation | undefined;
}

export function truthsOfRecord(record: ImageRecord): ImageTruths {
  const { id, truths, areas, width, height } = record;
  const image = { width, height };
  const hasOutline = outlineFlags(record);
  // outlines are read when the first mask is asked for
  let outlines: (Segmentation | undefined)[] | undefined;
  const outlineOf = (g: number) => (hasOutline?.(g) ? (outlines ??= outlinesOf(record))[g] : undefined);
  const { bboxes } = truths;
  const boxes = new Float64Array(bboxes.length);
  for (let i = 0; i < bboxes.length; i += 4) {
    boxes[i] = bboxes[i];
    boxes[i + 1] = bboxes[i + 1];
    boxes[i + 2] = bboxes[i + 2] - bboxes[i];
    boxes[i + 3] = bboxes[i + 3] - bboxes[i + 1];
  }
  return {
    imageId: id,
    boxes,
    labels: truths.labels,
    areas: Float64Array.from(areas),
    ignored: truths.ignored,
    maskless: Uint8Array.from(truths.labels, (_, g) => (hasOutline?.(g) ? 0 : 1)),
    mask: (g, frame = image) => maskOfOutline(outlineOf(g), boxes.subarray(4 * g, 4 * g + 4), frame),
    outline: outlineOf,
  };
}

/** The ground truth of a loaded dataset. */
export function truthsOfDataset(dataset: Pick<Dataset, 'records'>): ImageTruths[] {
  return dataset.records.map(truthsOfRecord);
}

export interface CocoFile {
  images: {
    id: number;
    height?: number;
    width?: number;
    /** LVIS: categories that are not in the image, and those of which not every object is annotated. */
    neg_category_ids?: number[];
    not_exhaustive_category_ids?: number[];
  }[];
  categories: { id: number; name: string; supercategory?: string; frequency?: string }[];
  annotations: {
    image_id: number;
    category_id: number;
    bbox: [number, number, number, number];
    area: number;
    iscrowd?: number | boolean;
    ignore?: number | boolean;
    id?: number | string;
    segmentation?: Segmentation;
  }[];
}

/**
 * The ground truth of a COCO file as pycocotools reads it: no annotation is skipped, crowds are ignored.
 *
 * @param classes label order; default: the file's categories in its order.
 */
export function truthsOfCoco(coco: CocoFile, classes?: readonly string[]): ImageTruths[] {
  const names = coco.categories.map(({ name }) => name);
  for (const name of classes ?? [])
    if (!names.includes(name))
      throw new DetLabError(
        `Cannot evaluate class "${name}": the annotation file has no such category.${didYouMean(name, names)}`,
      );
  const order = classes ?? names;
  const labelOf = new Map(coco.categories.map(({ id, name }) => [id, order.indexOf(name)]));
  const rows = new Map<number, CocoFile['annotations']>(coco.images.map(({ id }) => [id, []]));
  for (const annotation of coco.annotations) {
    if ((labelOf.get(annotation.category_id) ?? -1) >= 0) rows.get(annotation.image_id)?.push(annotation);
  }
  const sizes = new Map(coco.images.map(({ id, height = 0, width = 0 }) => [id, { height, width }]));
  const outlineOf = ({ segmentation }: CocoFile['annotations'][number]) =>
    usableParts(segmentation) ? segmentation : undefined;
  return [...rows].map(([imageId, list]) => ({
    imageId,
    boxes: Float64Array.from(list.flatMap(({ bbox }) => bbox)),
    labels: Int32Array.from(list, ({ category_id }) => labelOf.get(category_id)!),
    areas: Float64Array.from(list, ({ area }) => area),
    ignored: Uint8Array.from(list, ({ iscrowd }) => (iscrowd ? 1 : 0)),
    maskless: Uint8Array.from(list, (annotation) => (outlineOf(annotation) ? 0 : 1)),
    mask: (g, frame = sizes.get(imageId)!) => maskOfOutline(outlineOf(list[g]), list[g].bbox, frame),
    outline: (g) => outlineOf(list[g]),
  }));
}

/** Reads a COCO annotation file for `truthsOfCoco`. */
export async function readCocoFile(file: string): Promise<CocoFile> {
  const coco = (await readCocoJson(file, 'annotation file')) as Partial<CocoFile> | null;
  for (const key of ['images', 'categories', 'annotations'] as const)
    if (!Array.isArray(coco?.[key]))
      throw new DetLabError(`Cannot read the annotation file "${file}": expected a list "${key}", received none`);
  return coco as CocoFile;
}
