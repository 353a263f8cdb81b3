// Calibration: whether of the detections with a score of 0.8, 80% are right (Guo et al., ICML 2017; for detection, Kueppers et
// al., CVPR Workshops 2020, by confidence alone). Right is what is a true positive of AP: one detection per object; detections
// of crowds, and those beyond the 100 of a class and image, are left out. hotcoco's calibration() has the same rules.

import { DetLabError } from '../errors';
import type { RankedClass } from './ranked-matches';

export interface CalibrationBin {
  /** Scores from `low` on and below `high`; 1 belongs to the last bin. */
  low: number;
  high: number;
  count: number;
  /** Mean score; NaN in an empty bin. */
  confidence: number;
  /** Share of true positives: the precision of the bin. */
  accuracy: number;
}

export interface Calibration {
  bins: CalibrationBin[];
  /** Expected calibration error: |accuracy - confidence| averaged over the detections; NaN without any. */
  ece: number;
  /** Maximum calibration error: the largest of a bin. */
  mce: number;
  count: number;
}

/** @param iou position of the IoU among those of the matches */
export function calibration({ scores, trues, falses }: RankedClass, iou = 0, bins = 10): Calibration {
  if (!Number.isInteger(bins) || bins < 1 || bins > 100)
    throw new DetLabError(`Cannot compute the calibration: expected 1 to 100 bins, received ${bins}`);
  const count = new Float64Array(bins);
  const sum = new Float64Array(bins);
  const right = new Float64Array(bins);
  for (let k = 0; k < scores.length; k++) {
    if ((((trues[k] | falses[k]) >>> iou) & 1) === 0) continue;
    const bin = binOf(scores[k], bins);
    count[bin]++;
    sum[bin] += scores[k];
    right[bin] += (trues[k] >>> iou) & 1;
  }
  const list = Array.from(count, (n, b) => ({
    low: b / bins,
    high: (b + 1) / bins,
    count: n,
    confidence: sum[b] / n,
    accuracy: right[b] / n,
  }));
  const total = count.reduce((a, b) => a + b, 0);
  const used = list.filter((bin) => bin.count > 0);
  const gap = (bin: CalibrationBin) => Math.abs(bin.accuracy - bin.confidence);
  return {
    bins: list,
    ece: used.reduce((e, bin) => e + gap(bin) * bin.count, 0) / total,
    mce: used.length === 0 ? Number.NaN : Math.max(...used.map(gap)),
    count: total,
  };
}

/** Scores are float32: 0.7 belongs to the bin that begins at 0.7, though it is a little less in float64. */
function binOf(score: number, bins: number): number {
  const below = Math.floor(score * bins);
  const bin = Math.fround(score) >= Math.fround((below + 1) / bins) ? below + 1 : below;
  return Math.max(0, Math.min(bins - 1, bin));
}
