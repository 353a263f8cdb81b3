// Intersection over union of run-length encoded masks.

import { type Rle, rleArea, rleToBox, walkBoth } from './rle';

/**
 * IoU [detections, truths], row-major; for a crowd, intersection over the detection's area. Masks of different image
 * sizes whose boxes overlap give -1, as in pycocotools.
 */
export function rleOverlaps(detections: readonly Rle[], truths: readonly Rle[], crowd: Uint8Array): Float64Array {
  const out = new Float64Array(detections.length * truths.length);
  const boxes = truths.map(rleToBox);
  for (const [d, detection] of detections.entries()) {
    const [x, y, w, h] = rleToBox(detection);
    for (const [g, truth] of truths.entries()) {
      const [gx, gy, gw, gh] = boxes[g];
      // disjoint boxes: disjoint masks
      if (Math.min(x + w, gx + gw) <= Math.max(x, gx) || Math.min(y + h, gy + gh) <= Math.max(y, gy)) continue;
      out[d * truths.length + g] = overlap(detection, truth, crowd[g] === 1);
    }
  }
  return out;
}

function overlap(detection: Rle, truth: Rle, crowd: boolean): number {
  if (detection.height !== truth.height || detection.width !== truth.width) return -1;
  let shared = 0;
  let either = 0;
  walkBoth(detection, truth, (length, inA, inB) => {
    if (inA || inB) either += length;
    if (inA && inB) shared += length;
  });
  return shared === 0 ? 0 : shared / (crowd ? rleArea(detection) : either);
}
