// Score voting of PAA: the box of a detection becomes the mean of the boxes of its class, weighted by score and IoU with it (Kim and
// Lee, ECCV 2020). A box without an area, for which none votes, stays as it is; the reference makes NaN of it. Plain arrays.

import type { Detections } from '../../data/types';
import { bboxOverlaps, takeBoxes } from '../../geometry/boxes';

/** Width of the weight by IoU, and IoU from which a box votes. */
export const SIGMA = 0.025;
export const MIN_IOU = 0.01;

interface Voters {
  boxes: Float32Array;
  scores: Float32Array;
  labels: Int32Array;
}

export function scoreVoting(found: Detections, { boxes, scores, labels }: Voters): Detections {
  const bboxes = Float32Array.from(found.bboxes);
  for (const label of new Set(found.labels)) {
    const voters = Int32Array.from(labels.keys()).filter((k) => labels[k] === label);
    const candidates = takeBoxes(boxes, voters);
    for (const [i, own] of found.labels.entries()) {
      if (own !== label) continue;
      const ious = bboxOverlaps(takeBoxes(found.bboxes, [i]), candidates);
      const sums = [0, 0, 0, 0];
      let total = 0;
      for (const [j, iou] of ious.entries()) {
        if (!(iou > MIN_IOU)) continue;
        const weight = Math.exp(-((1 - iou) ** 2) / SIGMA) * scores[voters[j]];
        total += weight;
        for (let c = 0; c < 4; c++) sums[c] += weight * candidates[4 * j + c];
      }
      if (total > 0) for (let c = 0; c < 4; c++) bboxes[4 * i + c] = sums[c] / total;
    }
  }
  return { ...found, bboxes };
}
