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
  const detectionsByClass = Array.from({ length: classes }, (): number[] => []);
  // a score that is NaN has no place in the order
  for (let i = 0; i < scores.length; i++)
    if (!Number.isNaN(scores[i])) detectionsByClass[classAgnostic ? 0 : labels[i]]?.push(i);
  const truthsByClass = Array.from({ length: classes }, (): number[] => []);
  for (let g = 0; g < truths.labels.length; g++) truthsByClass[classAgnostic ? 0 : truths.labels[g]]?.push(g);

  const matches: ClassMatch[] = [];
  for (let label = 0; label < classes; label++) {
    const ofClass = truthsByClass[label];
    if (detectionsByClass[label].length === 0 && ofClass.length === 0) continue;
    const best = detectionsByClass[label].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, maxDets);
    const ignored = Uint8Array.from(ofClass, (g) => truths.ignored[g]);
    const output = matchDetections({
      ...compare(detections, best, truths, ofClass, ignored),
      areas: Float64Array.from(ofClass, (g) => truths.areas[g]),
      ignored,
      thresholds,
      ranges,
      withTruths,
    });
    matches.push({ label, detections: best, truths: ofClass, ...output });
  }
  return matches;
}

export const compareBoxes: Compare = ({ bboxes }, chosen, truths, truthIndices, ignored) => {
  const boxes = new Float64Array(chosen.length * 4);
  for (const [k, i] of chosen.entries()) {
    boxes[4 * k] = bboxes[4 * i];
    boxes[4 * k + 1] = bboxes[4 * i + 1];
    boxes[4 * k + 2] = bboxes[4 * i + 2] - bboxes[4 * i];
    boxes[4 * k + 3] = bboxes[4 * i + 3] - bboxes[4 * i + 1];
  }
  const truthBoxes = Float64Array.from(truthIndices.flatMap((g) => [...truths.boxes.subarray(4 * g, 4 * g + 4)]));
  return {
    overlaps: boxOverlaps(boxes, truthBoxes, ignored),
    detectionAreas: Float64Array.from(chosen, (_, k) => boxes[4 * k + 2] * boxes[4 * k + 3]),
  };
};
