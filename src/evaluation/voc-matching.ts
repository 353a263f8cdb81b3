// Pascal VOC's matching of one image, class by class: a detection is compared with the ground-truth box of highest IoU alone,
// taken or not; duplicates are false positives, detections of difficult objects are ignored.

import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

export type Outcome = 'true positive' | 'false positive' | 'ignored';

export interface VocMatchOptions {
  /** Number of classes; others are left out. */
  classes: number;
  thresholds: readonly number[];
  /** Widths include both border pixels (x2 - x1 + 1), as in the official kit. */
  legacyCoordinates: boolean;
}

export interface VocClassMatch {
  label: number;
  /** Indices of the detections, in descending order of scores. */
  detections: number[];
  /** Of each detection, one per threshold. */
  outcomes: Outcome[][];
  /** Index of the ground-truth box of highest IoU of each detection; -1 without any. */
  nearest: number[];
  /** Objects that are not difficult. */
  positives: number;
}

/** Matches an image; classes with neither detections nor ground truth are left out. */
export function matchVocImage(
  truths: ImageTruths,
  { bboxes, scores, labels }: BoxDetections,
  { classes, thresholds, legacyCoordinates }: VocMatchOptions,
): VocClassMatch[] {
  const truthsByClass = byClass(truths.labels, classes);
  const detectionsByClass = byClass(labels, classes);
  const present = [...new Set([...truthsByClass.keys(), ...detectionsByClass.keys()])].sort((a, b) => a - b);
  return present.map((label) => {
    const ofClass = truthsByClass.get(label) ?? [];
    // a score that is NaN has no place in the order
    const ranked = (detectionsByClass.get(label) ?? []).filter((i) => !Number.isNaN(scores[i]));
    const detections = ranked.sort((a, b) => scores[b] - scores[a] || a - b);
    const taken = thresholds.map(() => new Set<number>());
    const nearest: number[] = [];
    const outcomes = detections.map((d) => {
      let [maxIoU, argmax] = [-1, -1];
      for (const g of ofClass) {
        const iou = vocIoU(bboxes, d, truths.boxes, g, legacyCoordinates);
        if (iou > maxIoU) [maxIoU, argmax] = [iou, g];
      }
      nearest.push(argmax);
      return thresholds.map((threshold, t): Outcome => {
        if (argmax < 0 || maxIoU < threshold) return 'false positive';
        if (truths.ignored[argmax]) return 'ignored';
        if (taken[t].has(argmax)) return 'false positive';
        taken[t].add(argmax);
        return 'true positive';
      });
    });
    return {
      label,
      detections,
      outcomes,
      nearest,
      positives: ofClass.filter((g) => !truths.ignored[g]).length,
    };
  });
}

/** IoU of detection `d`, xyxy, and ground truth `g`, xywh. */
export function vocIoU(
  detections: ArrayLike<number>,
  d: number,
  truths: Float64Array,
  g: number,
  legacyCoordinates: boolean,
): number {
  const extra = legacyCoordinates ? 1 : 0;
  const [x, y, w, h] = truths.subarray(4 * g, 4 * g + 4);
  const x1 = detections[4 * d];
  const y1 = detections[4 * d + 1];
  const x2 = detections[4 * d + 2];
  const y2 = detections[4 * d + 3];
  const overlapW = Math.min(x2, x + w) - Math.max(x1, x) + extra;
  const overlapH = Math.min(y2, y + h) - Math.max(y1, y) + extra;
  const overlap = Math.max(overlapW, 0) * Math.max(overlapH, 0);
  const union = (x2 - x1 + extra) * (y2 - y1 + extra) + (w + extra) * (h + extra) - overlap;
  return overlap / Math.max(union, 1e-6);
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
