// Pascal VOC's matching of one image, class by class: a detection is compared with the ground-truth box of highest IoU alone,
// taken or not; duplicates are false positives, detections of difficult objects are ignored.

import { DetLabError } from '../errors';
import { ROTATED } from '../geometry/rotated-boxes';
import { areApart, rotatedOverlap, rotatedRadius } from '../geometry/rotated-overlaps';
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
  /** Boxes are rotated. */
  rotated?: boolean;
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
  found: BoxDetections,
  { classes, thresholds, legacyCoordinates, rotated = false, ranges = EVERY_AREA }: VocMatchOptions,
): VocClassMatch[] {
  const { scores, labels } = found;
  const truthsByClass = byClass(truths.labels, classes);
  const detectionsByClass = byClass(labels, classes);
  const present = [...new Set([...truthsByClass.keys(), ...detectionsByClass.keys()])].sort((a, b) => a - b);
  const places = rotated ? rotatedPlaces(truths, found) : uprightPlaces(truths, found, legacyCoordinates);
  const isIn = (area: (i: number) => number, i: number, [low, high]: AreaRange) => {
    if (ranges === EVERY_AREA) return true;
    const pixels = area(i);
    return pixels >= low && pixels < high;
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
        const iou = places.overlap(d, g);
        if (iou > maxIoU || Number.isNaN(iou)) [maxIoU, argmax] = [iou, g];
        if (Number.isNaN(iou)) break;
      }
      nearest.push(argmax);
      return thresholds.map(Math.fround).flatMap((threshold, t) =>
        ranges.map((range, r): Outcome => {
          if (argmax < 0 || !(maxIoU >= threshold))
            return isIn(places.detectionArea, d, range) ? 'false positive' : 'ignored';
          if (truths.ignored[argmax] || !isIn(places.truthArea, argmax, range)) return 'ignored';
          const of = taken[t * ranges.length + r];
          if (of.has(argmax)) return 'false positive';
          of.add(argmax);
          return 'true positive';
        }),
      );
    });
    const positives = ranges.map(
      (range) => ofClass.filter((g) => !truths.ignored[g] && isIn(places.truthArea, g, range)).length,
    );
    return { label, detections, outcomes, nearest, positives };
  });
}

/** Overlaps and areas of the boxes of an image. */
interface Places {
  overlap(detection: number, truth: number): number;
  detectionArea(detection: number): number;
  truthArea(truth: number): number;
}

function uprightPlaces(truths: ImageTruths, { bboxes }: BoxDetections, legacy: boolean): Places {
  const corners = cornersOf(truths);
  return {
    overlap: (d, g) => overlapFloat32(bboxes, d, corners, g, { legacy }),
    detectionArea: (d) => areaFloat32(bboxes, d, legacy),
    truthArea: (g) => areaFloat32(corners, g, legacy),
  };
}

/** @throws DetLabError for a detector of upright boxes */
function rotatedPlaces({ rboxes: truths = new Float32Array(0) }: ImageTruths, found: BoxDetections): Places {
  const { rboxes = new Float32Array(0), scores } = found;
  if (rboxes.length !== ROTATED * scores.length)
    throw new DetLabError(
      'Cannot evaluate rotated boxes: the detector finds upright ones. Use VOCMetric, or a head of rotated boxes (RTMDetRotatedHead)',
    );
  const box = (boxes: Float32Array, i: number) => boxes.subarray(ROTATED * i, ROTATED * (i + 1));
  const area = (boxes: Float32Array) => (i: number) => Math.fround(boxes[ROTATED * i + 2] * boxes[ROTATED * i + 3]);
  return {
    overlap: (d, g) => {
      const [a, b] = [box(rboxes, d), box(truths, g)];
      return areApart(a, b, rotatedRadius(a) + rotatedRadius(b)) ? 0 : Math.fround(rotatedOverlap(a, b));
    },
    detectionArea: area(rboxes),
    truthArea: area(truths),
  };
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
