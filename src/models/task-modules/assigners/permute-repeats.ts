// Ground-truth boxes that occur more than once are moved slightly apart, so that each can be the best of some priors.

import { takeBoxes } from '../../../geometry/boxes';
import type { Random } from '../../../random';
import type { IouCalculator } from '../types';

const ATTEMPTS = 6;

/**
 * Multiplies every coordinate of repeated boxes by a factor in 1 +- `perm_range`; draws again, up to six times, while one
 * of them has an IoU below `iou_thr` with the original.
 */
export function permuteRepeats(
  boxes: Float32Array,
  iou: IouCalculator,
  { iou_thr, perm_range }: { iou_thr: number; perm_range: number },
  random: Random,
): Float32Array {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < boxes.length >> 2; i++) {
    const key = boxes.subarray(4 * i, 4 * i + 4).join();
    const same = groups.get(key);
    if (same) same.push(i);
    else groups.set(key, [i]);
  }
  const out = boxes.slice();
  for (const same of groups.values()) {
    if (same.length === 1) continue;
    const original = takeBoxes(boxes, same);
    let moved = original;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      moved = original.map((v) => v * random.uniform(1 - perm_range, 1 + perm_range));
      const proper = same.every((_, i) => moved[4 * i + 2] > moved[4 * i] && moved[4 * i + 3] > moved[4 * i + 1]);
      if (proper && iou.overlaps(original.subarray(0, 4), moved).every((v) => v >= iou_thr)) break;
    }
    for (const [i, at] of same.entries()) out.set(moved.subarray(4 * i, 4 * i + 4), 4 * at);
  }
  return out;
}
