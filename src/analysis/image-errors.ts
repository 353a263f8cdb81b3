// Errors image by image: how many of each kind and how much they weigh.

import type { Correction } from './error-costs';
import { ERROR_KINDS, type ErrorKind, type ErrorRows, KINDS } from './error-kinds';

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
