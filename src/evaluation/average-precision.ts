// COCO's accumulation (pycocotools' accumulate): matches of all images in descending order of scores to precision at 101
// recalls, its mean (AP) and the final recall.

import { AREA_RANGES } from './coco-matching';

/** NumPy's linspace, bit for bit. */
export const linspace = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (i === count - 1 ? to : i * ((to - from) / (count - 1)) + from));

/** The recalls at which precision is read: 0, 0.01 .. 1. */
export const RECALLS: readonly number[] = linspace(0, 1, 101);

/** Matches of one class so far, one entry per detection; `matched` and `ignored` have one per detection and size range. */
export interface ClassMatches {
  scores: number[];
  imageIds: number[];
  /** Position of the detection among those of its image and class, from the highest score. */
  ranks: number[];
  /** Bit t is set if the detection is matched at threshold t. */
  matched: number[];
  /** Bit t is set if the detection is neither true nor false at threshold t. */
  ignored: number[];
  /** Objects that are not ignored, per size range. */
  positives: number[];
  /** The images with such objects (of any size), and how many. */
  truthImages: { imageId: number; count: number }[];
}

/** Average precision and recall [thresholds, ranges, maxDets] of one class; -1 without ground truth. */
export interface ClassCurves {
  precision: Float64Array;
  recall: Float64Array;
}

/** Indices of the detections in descending order of scores; ties in the order of images, as by a stable sort. */
export function scoreOrder({ scores, imageIds, ranks }: ClassMatches): Int32Array {
  return Int32Array.from(scores, (_, i) => i).sort(
    (a, b) => scores[b] - scores[a] || imageIds[a] - imageIds[b] || ranks[a] - ranks[b],
  );
}

/** Precision averaged over 101 recalls, and the final recall, of one class. */
export function accumulate(matches: ClassMatches, thresholds: number, maxDets: readonly number[]): ClassCurves {
  const { ranks, matched, ignored, positives } = matches;
  const ranges = AREA_RANGES.length;
  const size = thresholds * ranges * maxDets.length;
  const curves: ClassCurves = { precision: new Float64Array(size).fill(-1), recall: new Float64Array(size).fill(-1) };
  const order = scoreOrder(matches);
  const trues = new Float64Array(order.length).map((_, k) => k + 1);
  const falses = new Float64Array(order.length); // false positives before the k-th true positive
  const precisions = new Float64Array(RECALLS.length);
  for (let r = 0; r < ranges; r++) {
    if (positives[r] === 0) continue;
    for (const [m, maxDet] of maxDets.entries())
      for (let t = 0; t < thresholds; t++) {
        const bit = 1 << t;
        let truePositives = 0;
        let falsePositives = 0;
        for (let k = 0; k < order.length; k++) {
          const i = order[k];
          if (ranks[i] >= maxDet || ignored[i * ranges + r] & bit) continue;
          if (matched[i * ranges + r] & bit) falses[truePositives++] = falsePositives;
          else falsePositives++;
        }
        const index = (t * ranges + r) * maxDets.length + m;
        curves.recall[index] = truePositives / positives[r];
        precisionAtRecalls({ trues, falses, count: truePositives, positives: positives[r] }, precisions);
        curves.precision[index] = averageOf(precisions);
      }
  }
  return curves;
}

/** The points of a precision-recall curve at which precision peaks: those that end in a true positive. */
export interface PrecisionPeaks {
  /** True positives up to each peak, ascending. */
  trues: Float64Array;
  /** False positives before each peak. */
  falses: Float64Array;
  /** Number of peaks; the arrays may be longer. */
  count: number;
  positives: number;
}

/** For each of the recalls (by default 101), the highest precision at that recall or above; 0 where it is not reached. */
export function precisionAtRecalls(
  { trues, falses, count, positives }: PrecisionPeaks,
  out: Float64Array,
  recalls: readonly number[] = RECALLS,
): void {
  let best = 0;
  let r = recalls.length - 1;
  const last = count > 0 ? trues[count - 1] / positives : 0;
  while (r >= 0 && (count === 0 || last < recalls[r])) out[r--] = 0;
  for (let k = count - 1; k >= 0 && r >= 0; k--) {
    best = Math.max(best, trues[k] / (falses[k] + trues[k]));
    // recalls that this peak reaches and the one before does not
    while (r >= 0 && (k === 0 || trues[k - 1] / positives < recalls[r])) out[r--] = best;
  }
}

/** The mean of the 101 precisions, summed from the highest recall down. */
export function averageOf(precisions: Float64Array): number {
  let sum = 0;
  for (let r = RECALLS.length - 1; r >= 0; r--) sum += precisions[r];
  return sum / RECALLS.length;
}
