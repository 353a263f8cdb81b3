// Precision against recall, and the precision at 101 recalls whose mean is the AP of the class and IoU.

import { averageOf, precisionAtRecalls, RECALLS } from '../evaluation/average-precision';
import type { RankedClass } from './ranked-matches';

export interface PrecisionRecall {
  /** [recall, precision] after each true positive, in descending order of scores. */
  points: [recall: number, precision: number][];
  /** The highest precision at the recalls 0, 0.01 .. 1 or above: the curve whose area is AP. */
  envelope: Float64Array;
  /** As in the report's table; -1 without objects. */
  ap: number;
}

/** @param iou position of the IoU among those of the matches */
export function precisionRecall({ trues, falses, positives }: RankedClass, iou = 0): PrecisionRecall {
  const peaks: { trues: number[]; falses: number[] } = { trues: [], falses: [] };
  let [right, wrong] = [0, 0];
  for (let k = 0; k < trues.length; k++) {
    if ((trues[k] >>> iou) & 1) {
      right++;
      peaks.trues.push(right);
      peaks.falses.push(wrong);
    } else if ((falses[k] >>> iou) & 1) wrong++;
  }
  const envelope = new Float64Array(RECALLS.length);
  if (positives === 0) return { points: [], envelope, ap: -1 };
  const columns = { trues: Float64Array.from(peaks.trues), falses: Float64Array.from(peaks.falses) };
  precisionAtRecalls({ ...columns, count: right, positives }, envelope);
  return {
    points: peaks.trues.map((n, k) => [n / positives, n / (n + peaks.falses[k])]),
    envelope,
    ap: averageOf(envelope),
  };
}

/** The mean of several classes' curves, those without objects left out, as in COCO's AP of all classes. */
export function meanPrecisionRecall(curves: readonly PrecisionRecall[]): PrecisionRecall {
  const known = curves.filter(({ ap }) => ap > -1);
  const mean = (of: (curve: PrecisionRecall) => number) =>
    known.reduce((sum, curve) => sum + of(curve), 0) / known.length;
  const envelope = new Float64Array(RECALLS.length);
  if (known.length === 0) return { points: [], envelope, ap: -1 };
  for (let r = 0; r < envelope.length; r++) envelope[r] = mean((curve) => curve.envelope[r]);
  return { points: [], envelope, ap: mean(({ ap }) => ap) };
}
