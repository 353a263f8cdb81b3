// Detections in descending order of their scores.

import type { BoxDetections } from './report';
import { sortByScore } from './score-order';

export interface OrderedDetections {
  bboxes: Float32Array;
  scores: Float32Array;
  labels: Int32Array;
}

/** Equal scores keep their order; detections without a score (NaN) are left out. */
export function bestFirst({ bboxes, scores, labels }: BoxDetections): OrderedDetections {
  const given = Float64Array.from(scores);
  const rows = Int32Array.from(given.keys()).filter((i) => !Number.isNaN(given[i]));
  sortByScore(rows, rows.length, given);
  return {
    bboxes: Float32Array.from({ length: 4 * rows.length }, (_, k) => bboxes[4 * rows[k >> 2] + (k & 3)]),
    scores: Float32Array.from(rows, (i) => scores[i]),
    labels: rows.map((i) => labels[i]),
  };
}
