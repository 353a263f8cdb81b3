// Errors image by image: how many of each kind, how much they weigh, and the AP that the evaluator gives an image alone.

import type { Correction } from './error-costs';
import { ERROR_KINDS, type ErrorInput, type ErrorKind, type ErrorRows, KINDS } from './error-kinds';

export interface ImageErrors {
  /** Position of the image among the evaluated ones. */
  image: number;
  /** Objects that count. */
  truths: number;
  /** Detections that count, of any score. */
  detections: number;
  truePositives: number;
  /** Number of errors of each kind. */
  kinds: Record<ErrorKind, number>;
  /** Detections and objects of the selection, of any kind. */
  selected: number;
  /** Of each kind, the sum of the scores of its detections; of missed objects, their number. */
  weights: Record<ErrorKind, number>;
}

/** Counts of every image; with a selection, of its rows only (true positives apart). */
export function errorsByImage({ detections, truths, starts }: ErrorRows, selected?: Correction): ImageErrors[] {
  const zeros = () => Object.fromEntries(ERROR_KINDS.map((kind) => [kind, 0])) as Record<ErrorKind, number>;
  return Array.from({ length: starts.detections.length - 1 }, (_, image) => {
    const counts = { image, truths: 0, detections: 0, truePositives: 0, selected: 0 };
    const errors: ImageErrors = { ...counts, kinds: zeros(), weights: zeros() };
    for (let row = starts.detections[image]; row < starts.detections[image + 1]; row++) {
      const isSelected = selected?.detection(row) ?? true;
      if (isSelected) errors.selected++;
      if (detections.ignored[row] === 1) continue;
      errors.detections++;
      const kind = KINDS[detections.cause[row]];
      if (kind === 'true positive') errors.truePositives++;
      else if (kind !== 'ignored' && kind !== 'missed' && isSelected) {
        errors.kinds[kind]++;
        errors.weights[kind] += detections.score[row];
      }
    }
    for (let row = starts.truths[image]; row < starts.truths[image + 1]; row++) {
      const kind = KINDS[truths.kind[row]];
      const isSelected = selected?.truth(row) ?? true;
      if (isSelected) errors.selected++;
      if (kind !== 'ignored') errors.truths++;
      if (kind === 'missed' && isSelected) {
        errors.kinds.missed++;
        errors.weights.missed++;
      }
    }
    return errors;
  });
}

/** The AP of each image alone, as its metric reports it (mean of its thresholds); NaN without objects. */
export function apByImage({ matcher }: ErrorRows, { images }: ErrorInput): Float64Array {
  return Float64Array.from(images, ({ truths, detections }) => {
    if (!truths.ignored.includes(0)) return Number.NaN;
    const { metrics } = matcher.evaluate(truths, detections);
    const ap = metrics.AP ?? metrics.mAP;
    return ap === undefined || ap < 0 ? Number.NaN : ap;
  });
}
