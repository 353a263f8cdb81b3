// Set NMS: boxes of one proposal do not suppress each other (Chu et al., Detection in Crowded Scenes, CVPR 2020). Plain arrays.

import { bboxOverlaps, takeBoxes } from '../../geometry/boxes';

/** Indices of the boxes (flat xyxy) that are kept, best first; `sets` says of each which proposal it is of. */
export function setNms(boxes: Float32Array, scores: Float32Array, sets: Int32Array, iouThreshold: number): Int32Array {
  const threshold = Math.fround(iouThreshold);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  const suppressed = new Uint8Array(scores.length);
  const kept: number[] = [];
  for (const [rank, i] of order.entries()) {
    if (suppressed[i]) continue;
    kept.push(i);
    const others = order.slice(rank + 1).filter((j) => !suppressed[j] && sets[j] !== sets[i]);
    const overlaps = bboxOverlaps(takeBoxes(boxes, [i]), takeBoxes(boxes, others));
    for (const [k, j] of others.entries()) if (overlaps[k] > threshold) suppressed[j] = 1;
  }
  return Int32Array.from(kept);
}
