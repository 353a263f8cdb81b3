// Detections that may become labels: each box with its score and what was decided about it, by a threshold or a person.

import type { Dataset, ImageRecord } from '../data';
import { DetLabError, didYouMean } from '../errors';
import { type Rle, rleArea, rleToSegmentation, type Segmentation } from '../masks';

/** `unsure` boxes are neither targets nor background in training. */
export const PSEUDO_STATUS = ['accepted', 'rejected', 'unsure'] as const;
export type PseudoStatus = (typeof PSEUDO_STATUS)[number];

/** A box that may become a label. */
export interface PseudoBox {
  /** Its number in the set, from 1; that of the annotation in a file. */
  id: number;
  /** Path of the image. */
  image: string;
  label: string;
  /** Of the model; 1 of a box that a person has added. */
  score: number;
  /** x1, y1, x2, y2 in pixels. */
  bbox: readonly [number, number, number, number];
  status: PseudoStatus;
  mask?: Rle;
  /** Of a rotated box, which `bbox` is around: x and y of its corners. */
  corners?: readonly number[];
}

/** The outline of a box, as of an annotation in COCO's format. */
export const outlineOf = ({ mask, corners }: PseudoBox): Segmentation | undefined =>
  mask ? rleToSegmentation(mask) : corners && [[...corners]];

/** Pixels of a mask, of a rotated box or of a box. */
export function areaOf({ bbox: [x1, y1, x2, y2], mask, corners }: PseudoBox): number {
  if (mask) return rleArea(mask);
  if (!corners) return (x2 - x1) * (y2 - y1);
  const [ax, ay, bx, by, cx, cy] = corners; // the corner b has sides to a and c
  return Math.abs((ax - bx) * (cy - by) - (ay - by) * (cx - bx));
}

/** Without the outline, where it is no longer that of its box. */
export const withoutOutline = ({ mask: _, corners: __, ...box }: PseudoBox): PseudoBox => box;

/** From which score on a detection is a label: for all classes, or by class; others have the standard one. */
export type PseudoThreshold = number | Readonly<Record<string, number>>;

/** Of classes without another one; high, since a wrong label costs more than a missing one. */
export const STANDARD_THRESHOLD = 0.7;

/**
 * The threshold of each class.
 * @throws DetLabError for a class that there is not
 */
export function thresholdsOf(
  classes: readonly string[],
  given: PseudoThreshold | undefined,
  standard = STANDARD_THRESHOLD,
): Map<string, number> {
  if (given === undefined || typeof given === 'number')
    return new Map(classes.map((name) => [name, given ?? standard]));
  const unknown = Object.keys(given).find((name) => !classes.includes(name));
  if (unknown !== undefined)
    throw new DetLabError(
      `Cannot label by the threshold of "${unknown}": the classes are ${classes.join(', ')}.${didYouMean(unknown, [...classes])}`,
    );
  return new Map(classes.map((name) => [name, given[name] ?? standard]));
}

/** An image that was labelled. */
export interface PseudoImage {
  id: number;
  path: string;
  width: number;
  height: number;
}

/** The images with accepted boxes as training images, unsure boxes ignored in them; scores beside the boxes. */
export function datasetOfBoxes(
  name: string,
  classes: readonly string[],
  images: readonly PseudoImage[],
  boxes: readonly PseudoBox[],
  weights?: 'score',
): Dataset {
  const byImage = new Map<string, PseudoBox[]>();
  for (const box of boxes)
    if (box.status !== 'rejected') byImage.set(box.image, [...(byImage.get(box.image) ?? []), box]);
  const records = images.flatMap((image) => {
    const found = byImage.get(image.path) ?? [];
    return found.some(({ status }) => status === 'accepted') ? [recordOf(image, found, classes, weights)] : [];
  });
  const accepted = boxes.filter(({ status }) => status === 'accepted').length;
  return {
    name,
    classes: [...classes],
    records,
    problems: [],
    notices: [
      `"${name}": ${accepted.toLocaleString('en')} boxes are labels of a model, not of a person` +
        (weights ? '; their losses are weighted by their scores' : ''),
    ],
  };
}

function recordOf(
  image: PseudoImage,
  boxes: readonly PseudoBox[],
  classes: readonly string[],
  weights?: 'score',
): ImageRecord {
  const outlines = boxes.map(outlineOf);
  return {
    ...image,
    truths: {
      bboxes: Float32Array.from(boxes.flatMap(({ bbox }) => bbox)),
      labels: Int32Array.from(boxes, ({ label }) => classes.indexOf(label)),
      ignored: Uint8Array.from(boxes, ({ status }) => Number(status === 'unsure')),
      ...(weights && { weights: Float32Array.from(boxes, ({ score }) => score) }),
    },
    areas: Float32Array.from(boxes, areaOf),
    scores: Float32Array.from(boxes, ({ score }) => score),
    ...(outlines.some((outline) => outline) && { segmentations: outlines }),
    annotationIds: boxes.map(({ id }) => id),
  };
}
