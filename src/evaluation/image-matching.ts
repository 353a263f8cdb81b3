// COCO's matching of one image, class by class: the best detections of each class with its ground truth. The one way in which
// detections are matched, for AP as for errors, matrices and galleries.

import { AREA_RANGES, boxOverlaps, type MatchOutput, matchDetections } from './coco-matching';
import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

/** IoUs of the detections `chosen` with the ground truth `truthIndices` of one image, and the areas of the detections. */
export type Compare = (
  detections: BoxDetections,
  chosen: number[],
  truths: ImageTruths,
  truthIndices: number[],
  ignored: Uint8Array,
) => { overlaps: Float64Array; detectionAreas: Float64Array };

export interface ImageMatchOptions {
  /** Number of classes; others are left out. */
  classes: number;
  /** Match regardless of class, as class 0. */
  classAgnostic?: boolean;
  /** Detections of each class that are matched, from the highest score. */
  maxDets: number;
  thresholds: readonly number[];
  ranges?: typeof AREA_RANGES;
  compare: Compare;
  /** Whether `truthOf` is asked for. */
  withTruths?: boolean;
}

/** The matches of one class; `truthOf` holds positions in `truths`. */
export interface ClassMatch extends MatchOutput {
  label: number;
  /** Indices of the detections, in descending order of scores. */
  detections: number[];
  /** Indices of the ground truth. */
  truths: number[];
}

/** Matches an image; classes with neither detections nor ground truth are left out. */
export function matchImage(truths: ImageTruths, detections: BoxDetections, options: ImageMatchOptions): ClassMatch[] {
  const { classes, classAgnostic = false, maxDets, thresholds, ranges = AREA_RANGES, compare, withTruths } = options;
  const { scores, labels } = detections;
  const labelOf = (list: ArrayLike<number>, i: number) => (classAgnostic ? 0 : list[i]);
  const detectionsByClass: (number[] | undefined)[] = [];
  for (const i of scoreOrder(scores)) {
    const label = labelOf(labels, i);
    const list = label >= 0 && label < classes ? (detectionsByClass[label] ??= []) : undefined;
    if (list && list.length < maxDets) list.push(i);
  }
  const truthsByClass: (number[] | undefined)[] = [];
  for (let g = 0; g < truths.labels.length; g++) {
    const label = labelOf(truths.labels, g);
    if (label >= 0 && label < classes) (truthsByClass[label] ??= []).push(g);
  }
  const matches: ClassMatch[] = [];
  for (let label = 0; label < Math.max(detectionsByClass.length, truthsByClass.length); label++) {
    const best = detectionsByClass[label] ?? [];
    const ofClass = truthsByClass[label] ?? [];
    if (best.length === 0 && ofClass.length === 0) continue;
    const ignored = new Uint8Array(ofClass.length);
    const areas = new Float64Array(ofClass.length);
    for (let k = 0; k < ofClass.length; k++) {
      ignored[k] = truths.ignored[ofClass[k]];
      areas[k] = truths.areas[ofClass[k]];
    }
    const { overlaps, detectionAreas } = compare(detections, best, truths, ofClass, ignored);
    const output = matchDetections({ overlaps, detectionAreas, areas, ignored, thresholds, ranges, withTruths });
    const { matched, ignored: isIgnored, positives, truthOf } = output;
    matches.push({ label, detections: best, truths: ofClass, matched, ignored: isIgnored, positives, truthOf });
  }
  return matches;
}

/** Indices in descending order of scores, ties by position; a score that is NaN has no place in the order. */
function scoreOrder(scores: ArrayLike<number>): number[] {
  const order: number[] = [];
  for (let i = 0; i < scores.length; i++) if (!Number.isNaN(scores[i])) order.push(i);
  return order.sort((a, b) => scores[b] - scores[a] || a - b);
}

export const compareBoxes: Compare = ({ bboxes }, chosen, truths, truthIndices, ignored) => {
  const boxes = new Float64Array(chosen.length * 4);
  const detectionAreas = new Float64Array(chosen.length);
  for (let k = 0; k < chosen.length; k++) {
    const i = 4 * chosen[k];
    boxes[4 * k] = bboxes[i];
    boxes[4 * k + 1] = bboxes[i + 1];
    boxes[4 * k + 2] = bboxes[i + 2] - bboxes[i];
    boxes[4 * k + 3] = bboxes[i + 3] - bboxes[i + 1];
    detectionAreas[k] = boxes[4 * k + 2] * boxes[4 * k + 3];
  }
  const truthBoxes = new Float64Array(truthIndices.length * 4);
  for (let k = 0; k < truthBoxes.length; k++) truthBoxes[k] = truths.boxes[4 * truthIndices[k >> 2] + (k & 3)];
  return { overlaps: boxOverlaps(boxes, truthBoxes, ignored), detectionAreas };
};
