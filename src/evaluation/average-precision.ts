// COCO's accumulation (pycocotools' accumulate): matches of all images in descending order of scores to precision at 101
// recalls, its mean (AP) and the final recall.

import { AREA_RANGES } from './coco-matching';
import type { MatchedRows } from './matched-detections';

/** NumPy's linspace, bit for bit. */
export const linspace = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (i === count - 1 ? to : i * ((to - from) / (count - 1)) + from));

/** The recalls at which precision is read: 0, 0.01 .. 1. */
export const RECALLS: readonly number[] = linspace(0, 1, 101);

/** The matches of one class. */
export interface ClassMatches {
  /** Columns of the detections of all classes. */
  rows: MatchedRows;
  /** Rows of the class in descending order of scores. */
  order: Int32Array;
  /** Ids of the images, by the position that `rows.images` has. */
  imageIds: readonly number[];
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

/** Precision averaged over 101 recalls, and the final recall, of one class. */
export function accumulate(matches: ClassMatches, thresholds: number, maxDets: readonly number[]): ClassCurves {
  const { rows, order, positives } = matches;
  const ranges = AREA_RANGES.length;
  const size = thresholds * ranges * maxDets.length;
  const curves: ClassCurves = { precision: new Float64Array(size).fill(-1), recall: new Float64Array(size).fill(-1) };
  const allBits = thresholds === 32 ? -1 : 2 ** thresholds - 1;
  const peaks = new Peaks(thresholds, order.length, positives[0]);
  const precisions = new Float64Array(RECALLS.length);
  for (let r = 0; r < ranges; r++) {
    if (positives[r] === 0) continue;
    peaks.select(rows, order, r, allBits);
    for (const [m, maxDet] of maxDets.entries()) {
      peaks.count(maxDet);
      for (let t = 0; t < thresholds; t++) {
        const index = (t * ranges + r) * maxDets.length + m;
        const points = peaks.at(t, positives[r]);
        curves.recall[index] = points.count / positives[r];
        precisionAtRecalls(points, precisions);
        curves.precision[index] = averageOf(precisions);
      }
    }
  }
  return curves;
}

/** The true positives of one class at every threshold, each with the number of false positives before it. */
class Peaks {
  // the selected detections
  private selected = 0;
  private readonly ranks: Int32Array;
  private readonly matched: Int32Array;
  private readonly ignored: Int32Array;
  private readonly trues: Float64Array;
  /** [thresholds, positives] */
  private readonly falses: Float64Array;
  private readonly truePositives: Int32Array;
  /** False positives at a threshold, but for those that are false at all thresholds. */
  private readonly falsePositives: Int32Array;

  constructor(
    private readonly thresholds: number,
    detections: number,
    private readonly capacity: number,
  ) {
    this.ranks = new Int32Array(detections);
    this.matched = new Int32Array(detections);
    this.ignored = new Int32Array(detections);
    this.trues = new Float64Array(capacity);
    for (let k = 0; k < capacity; k++) this.trues[k] = k + 1;
    this.falses = new Float64Array(thresholds * capacity);
    this.truePositives = new Int32Array(thresholds);
    this.falsePositives = new Int32Array(thresholds);
  }

  /** Selects the detections that count at some threshold in range r. */
  select(rows: MatchedRows, order: Int32Array, r: number, allBits: number): void {
    const ranges = AREA_RANGES.length;
    let count = 0;
    for (let k = 0; k < order.length; k++) {
      const at = order[k] * ranges + r;
      const ignored = rows.ignored[at] | 0;
      if ((~ignored & allBits) === 0) continue;
      this.ranks[count] = rows.ranks[order[k]];
      this.matched[count] = rows.matched[at];
      this.ignored[count++] = ignored;
    }
    this.selected = count;
  }

  /** Counts the selected detections of the first `maxDet` ranks. */
  count(maxDet: number): void {
    const { ranks, matched, ignored, thresholds, capacity, falses, truePositives, falsePositives } = this;
    truePositives.fill(0);
    falsePositives.fill(0);
    let alwaysFalse = 0;
    for (let k = 0; k < this.selected; k++) {
      if (ranks[k] >= maxDet) continue;
      const isTrue = matched[k];
      const isIgnored = ignored[k];
      if ((isTrue | isIgnored) === 0) {
        alwaysFalse++;
        continue;
      }
      for (let t = 0; t < thresholds; t++) {
        if (((isIgnored >>> t) & 1) === 1) continue;
        if (((isTrue >>> t) & 1) === 0) falsePositives[t]++;
        else falses[t * capacity + truePositives[t]++] = alwaysFalse + falsePositives[t];
      }
    }
  }

  at(threshold: number, positives: number): PrecisionPeaks {
    const { trues, capacity, truePositives } = this;
    const falses = this.falses.subarray(threshold * capacity, (threshold + 1) * capacity);
    return { trues, falses, count: truePositives[threshold], positives };
  }
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
