// Intersection over union of run-length encoded masks.

import { ColumnMasks } from './column-masks';
import type { Rle } from './rle';

/**
 * IoU [detections, truths], row-major; for a crowd, intersection over the detection's area. Masks of different image
 * sizes whose boxes overlap give -1, as in pycocotools.
 */
export function rleOverlaps(detections: readonly Rle[], truths: readonly Rle[], crowd: Uint8Array): Float64Array {
  const out = new Float64Array(detections.length * truths.length);
  const columns = new ColumnMasks();
  const objects = truths.map((mask) => columns.add(mask));
  for (const [d, mask] of detections.entries()) {
    const detection = columns.add(mask);
    for (const g of objects) out[d * truths.length + g] = columns.overlap(detection, g, crowd[g] === 1);
  }
  return out;
}
