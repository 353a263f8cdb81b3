// Fast NMS: a box is dropped where any better box of its class overlaps it, be that one dropped itself or not (Bolya et al., YOLACT,
// ICCV 2019). It keeps fewer boxes than NMS, and all classes are one matrix each.

import { bboxOverlaps, takeBoxes } from '../geometry/boxes';
import { topIndices } from './top-indices';

export interface FastNmsOptions {
  /** Highest overlap with a better box. */
  iouThreshold: number;
  /** Best boxes of each class that are compared. */
  topK: number;
}

/** Indices of the boxes that are kept, class by class, best first. Boxes are flat xyxy. */
export function fastNms(
  boxes: Float32Array,
  scores: Float32Array,
  labels: Int32Array,
  { iouThreshold, topK }: FastNmsOptions,
): Int32Array {
  const ofClass = new Map<number, number[]>();
  for (const [i, label] of labels.entries()) {
    const list = ofClass.get(label);
    if (list) list.push(i);
    else ofClass.set(label, [i]);
  }
  const limit = Math.fround(iouThreshold);
  const kept: number[] = [];
  for (const label of [...ofClass.keys()].sort((a, b) => a - b)) {
    const members = ofClass.get(label)!;
    const values = Float32Array.from(members, (i) => scores[i]);
    const order = Array.from(topIndices(values, Math.min(topK, values.length)), (k) => members[k]);
    const own = takeBoxes(boxes, order);
    const overlaps = bboxOverlaps(own, own);
    for (let j = 0; j < order.length; j++) {
      let highest = 0;
      for (let i = 0; i < j; i++) highest = Math.max(highest, overlaps[i * order.length + j]);
      if (highest <= limit) kept.push(order[j]);
    }
  }
  return Int32Array.from(kept);
}
