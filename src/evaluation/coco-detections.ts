// Detections of a COCO results file ([{ image_id, category_id, bbox, score }, ...], of masks with a `segmentation` and with or
// without a box), by image and in columns.

import { DetLabError } from '../errors';
import { CompressedRle, type Rle, rleToBox, segmentationToRle } from '../masks';
import type { CocoDetection } from './coco-detection';
import { readCocoJson, readShared } from './coco-json';
import { readResultsBytes } from './coco-results-bytes';

/** Detections of one image, in the order of the file. */
export interface CocoImageDetections {
  /** xyxy */
  bboxes: Float64Array;
  scores: Float64Array;
  labels: Int32Array;
  /** Where every entry of the file has one. */
  masks?: Rle[];
}

export interface CocoDetectionOptions {
  /** Label of each category; entries of a negative one are left out. */
  labels: ReadonlyMap<number, number>;
  /** The images and their sizes. */
  images: Iterable<{ id: number; height?: number; width?: number }>;
  /** The entries' file, for messages. */
  file: string;
}

/** Reads a results file. @throws DetLabError for a file that holds no such list */
export async function readCocoDetections(file: string): Promise<CocoDetection[]> {
  const bytes = await readShared(file, 'results');
  // what is wrong with a file that is not read in this way, parsing it will tell
  const content = readResultsBytes(bytes, bytes.length - 1) ?? (await readCocoJson(file, 'results'));
  const bad = Array.isArray(content) ? content.find((entry) => !isDetection(entry)) : content;
  if (bad !== undefined)
    throw new DetLabError(
      `Cannot read the results "${file}": expected a list of { image_id, category_id, score } with bbox: [x, y, width, height] or ` +
        `segmentation, received ${JSON.stringify(bad).slice(0, 200)}`,
    );
  return content as CocoDetection[];
}

function isDetection(value: unknown): value is CocoDetection {
  if (typeof value !== 'object' || value === null) return false;
  const { image_id, category_id, bbox, score, segmentation } = value as Partial<CocoDetection>;
  if (typeof image_id !== 'number' && typeof image_id !== 'string') return false;
  if (typeof category_id !== 'number' || !Number.isFinite(score)) return false;
  if (bbox === undefined || bbox === null) return segmentation !== undefined && segmentation !== null;
  if (!Array.isArray(bbox) || bbox.length !== 4) return false;
  for (let i = 0; i < 4; i++) if (!Number.isFinite(bbox[i])) return false;
  return bbox[2] >= 0 && bbox[3] >= 0;
}

/**
 * The detections of every image, none where the file has none.
 *
 * @throws DetLabError for images and categories that are not among the given ones, and masks that cannot be read
 * @example detectionsOfCoco(await readCocoDetections(file), { labels: new Map([[1, 0]]), images: coco.images, file })
 */
export function detectionsOfCoco(
  entries: readonly CocoDetection[],
  { labels, images, file }: CocoDetectionOptions,
): Map<number, CocoImageDetections> {
  const hasMasks = entries.length > 0 && entries.every(({ segmentation }) => segmentation != null);
  const byImage = new Map<number, { entries: CocoDetection[]; height: number; width: number }>();
  for (const { id, height = 0, width = 0 } of images) byImage.set(id, { entries: [], height, width });
  let imageId: number | string = Number.NaN;
  let image = byImage.get(Number.NaN);
  for (const entry of entries) {
    const label = labels.get(entry.category_id);
    if (label === undefined)
      throw new DetLabError(
        `Cannot evaluate "${file}": category_id ${entry.category_id} is none of ${[...labels.keys()].join(', ')}, ` +
          'those of the annotation file',
      );
    // entries of one image mostly follow each other
    if (entry.image_id !== imageId) [imageId, image] = [entry.image_id, byImage.get(entry.image_id as number)];
    if (!image)
      throw new DetLabError(
        `Cannot evaluate "${file}": the data has no image with the id ${imageId}. ` +
          'Are these the results on other images, or on another split?',
      );
    if (label >= 0) image.entries.push(entry);
  }
  const found = new Map<number, CocoImageDetections>();
  for (const [id, { entries: list, height, width }] of byImage)
    found.set(id, columnsOf(list, labels, { height, width, id, file }, hasMasks));
  return found;
}

interface Frame {
  height: number;
  width: number;
  id: number;
  file: string;
}

function columnsOf(
  entries: readonly CocoDetection[],
  labels: CocoDetectionOptions['labels'],
  frame: Frame,
  hasMasks: boolean,
): CocoImageDetections {
  const masks = hasMasks ? entries.map(({ segmentation }) => maskOf(segmentation!, frame)) : undefined;
  const scores = new Float64Array(entries.length);
  const columns = { scores, labels: new Int32Array(entries.length), ...(masks && { masks }) };
  for (let i = 0; i < entries.length; i++) {
    columns.labels[i] = labels.get(entries[i].category_id)!;
    scores[i] = entries[i].score;
  }
  if (!masks || entries.every(({ bbox }) => bbox)) return { ...columns, bboxes: boxesOf(entries, masks, frame) };
  // the boxes of masks are computed when they are read: evaluation of masks needs none
  let bboxes: Float64Array | undefined;
  return {
    ...columns,
    get bboxes() {
      bboxes ??= boxesOf(entries, masks, frame);
      return bboxes;
    },
  };
}

/** xyxy; of an entry without a box, that of its mask. */
function boxesOf(entries: readonly CocoDetection[], masks: readonly Rle[] | undefined, frame: Frame): Float64Array {
  const boxes = new Float64Array(4 * entries.length);
  for (const [i, { bbox, segmentation }] of entries.entries()) {
    const [x, y, width, height] = bbox ?? rleToBox(masks?.[i] ?? maskOf(segmentation!, frame));
    boxes[4 * i] = x;
    boxes[4 * i + 1] = y;
    boxes[4 * i + 2] = x + width;
    boxes[4 * i + 3] = y + height;
  }
  return boxes;
}

/** @throws DetLabError for a mask of another size than its image, which would meet nothing; 0: the size is not known */
function maskOf(segmentation: NonNullable<CocoDetection['segmentation']>, { height, width, id, file }: Frame): Rle {
  const mask = rleOf(segmentation, height, width);
  if (height > 0 && (mask.height !== height || mask.width !== width))
    throw new DetLabError(
      `Cannot evaluate "${file}": expected masks of ${height} x ${width}, the size of image ${id}, received one of ` +
        `${mask.height} x ${mask.width}`,
    );
  return mask;
}

function rleOf(segmentation: NonNullable<CocoDetection['segmentation']>, height: number, width: number): Rle {
  if (segmentation instanceof CompressedRle) return segmentation;
  if (Array.isArray(segmentation) || typeof segmentation.counts !== 'string' || segmentation.size?.length !== 2)
    return segmentationToRle(segmentation, height, width);
  return new CompressedRle(segmentation.size[0], segmentation.size[1], Buffer.from(segmentation.counts));
}
