// Suppression of rotated boxes, as mmcv's nms_rotated on a CPU: a box goes whose IoU with a better one is at least the threshold
// (mmcv's kernel for GPUs, and `nms` for upright boxes, ask for more than it).

import { ROTATED } from './rotated-boxes';
import { areApart, rotatedOverlap, rotatedRadius } from './rotated-overlaps';

/**
 * Indices of the boxes [N, 5] kept.
 *
 * @param order of the boxes, the best first
 */
export function suppressRotated(boxes: Float32Array, order: Int32Array, iouThreshold: number): Int32Array {
  const ranked = Array.from(order, (i) => Array.from(boxes.subarray(ROTATED * i, ROTATED * (i + 1))));
  const radii = ranked.map(rotatedRadius);
  const threshold = Math.fround(iouThreshold);
  const dropped = new Uint8Array(ranked.length);
  const kept: number[] = [];
  for (let i = 0; i < ranked.length; i++) {
    if (dropped[i]) continue;
    kept.push(order[i]);
    for (let j = i + 1; j < ranked.length; j++) {
      if (dropped[j]) continue;
      const overlap = areApart(ranked[i], ranked[j], radii[i] + radii[j]) ? 0 : rotatedOverlap(ranked[i], ranked[j]);
      if (Math.fround(overlap) >= threshold) dropped[j] = 1;
    }
  }
  return Int32Array.from(kept);
}
