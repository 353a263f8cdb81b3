// Pascal VOC's matching of one image, class by class: a detection is compared with the ground-truth box of highest IoU alone,
// taken or not; duplicates are false positives, detections of difficult objects are ignored.

import { areaFloat32, cornersOf, overlapFloat32 } from './float32-overlaps';
import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

export type Outcome = 'true positive' | 'false positive' | 'ignored';

/** Areas from the first to below the second, in square pixels. */
export type AreaRange = readonly [number, number];

export interface VocMatchOptions {
  /** Number of classes; others are left out. */
  classes: number;
  thresholds: readonly number[];
  /** Objects outside are as difficult ones, and so are detections that meet none. Default: every area. */
  ranges?: readonly AreaRange[];
  /** Widths include both border pixels (x2 - x1 + 1), as in the official kit. */
  legacyCoordinates: boolean;
}

export interface VocClassMatch {
  label: number;
  /** Indices of the detections, in descending order of scores. */
  detections: number[];
  /** Of each detection, [thresholds, ranges]. */
  outcomes: Outcome[][];
  /** Index of the ground-truth box of highest IoU of each detection; -1 without any. */
  nearest: number[];
  /** Objects that are not difficult, by range. */
  positives: number[];
}

const EVERY_AREA: readonly AreaRange[] = [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]];

/** Matches an image; classes with neither detections nor ground truth are left out. */
export function matchVocImage(
  truths: ImageTruths,
  { bboxes, scores, labels }: BoxDetections,
  { classes, thresholds, legacyCoordinates, ranges = EVERY_AREA }: VocMatchOptions,
): VocClassMatch[] {
  const truthsByClass = byClass(truths.labels, classes);
  const detectionsByClass = byClass(labels, classes);
  const present = [...new Set([...truthsByClass.keys(), ...detectionsByClass.keys()])].sort((a, b) => a - b);
  const corners = cornersOf(truths);
  const isIn = (boxes: ArrayLike<number>, i: number, [low, high]: AreaRange) => {
    if (ranges === EVERY_AREA) return true;
    const area = areaFloat32(boxes, i, legacyCoordinates);
    return area >= low && area < high;
  };
  return present.map((label) => {
    // of two that overlap a detection alike, one that is not difficult
    const ofClass = (truthsByClass.get(label) ?? []).sort((a, b) => truths.ignored[a] - truths.ignored[b] || a - b);
    // a score that is NaN has no place in the order
    const ranked = (detectionsByClass.get(label) ?? []).filter((i) => !Number.isNaN(scores[i]));
    const detections = ranked.sort((a, b) => scores[b] - scores[a] || a - b);
    const taken = Array.from({ length: thresholds.length * ranges.length }, () => new Set<number>());
    const nearest: number[] = [];
    const outcomes = detections.map((d) => {
      let [maxIoU, argmax] = [-1, -1];
      for (const g of ofClass) {
        const iou = overlapFloat32(bboxes, d, corners, g, { legacy: legacyCoordinates });
        if (iou > maxIoU || Number.isNaN(iou)) [maxIoU, argmax] = [iou, g];
        if (Number.isNaN(iou)) break;
      }
      nearest.push(argmax);
      return thresholds.map(Math.fround).flatMap((threshold, t) =>
        ranges.map((range, r): Outcome => {
          if (argmax < 0 || !(maxIoU >= threshold)) return isIn(bboxes, d, range) ? 'false positive' : 'ignored';
          if (truths.ignored[argmax] || !isIn(corners, argmax, range)) return 'ignored';
          const of = taken[t * ranges.length + r];
          if (of.has(argmax)) return 'false positive';
          of.add(argmax);
          return 'true positive';
        }),
      );
    });
    const positives = ranges.map(
      (range) => ofClass.filter((g) => !truths.ignored[g] && isIn(corners, g, range)).length,
    );
    return { label, detections, outcomes, nearest, positives };
  });
}

/** Indices of each class that occurs. */
function byClass(labels: ArrayLike<number>, classes: number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!(label >= 0 && label < classes)) continue;
    const group = groups.get(label);
    if (group) group.push(i);
    else groups.set(label, [i]);
  }
  return groups;
}
