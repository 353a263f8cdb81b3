// A ground-truth box that is NaN overlaps nothing by one comparison and everything by the next; it is an error instead.

import { DetLabError } from '../../errors';
import { firstNonFinite } from '../../geometry/boxes';

/** @throws DetLabError for a box (flat xyxy) with a coordinate that is NaN or infinite. */
export function requireFiniteBoxes(boxes: Float32Array, what: string): void {
  const bad = firstNonFinite(boxes);
  if (bad < 0) return;
  throw new DetLabError(
    `Cannot assign ${what}: expected finite coordinates, received box ${bad} ` +
      `[${boxes.subarray(4 * bad, 4 * bad + 4).join(', ')}]. Correct or remove the annotation`,
  );
}
