// Truths that occur more than once are moved a little, so that each can win priors of its own.

import { takeBoxes } from '../../../geometry/boxes';
import type { Random } from '../../../random';
import type { IouCalculator } from '../types';

const ATTEMPTS = 6;

/** Multiplies every coordinate of repeated boxes by 1 +- `perm_range`, drawing again while they overlap the original by less than `iou_thr`. */
export function permuteRepeats(
  boxes: Float32Array,
  iou: IouCalculator,
  { iou_thr, perm_range }: { iou_thr: number; perm_range: number },
  random: Random,
): Float32Array {
  const places = new Map<string, number[]>();
  for (let i = 0; i < boxes.length >> 2; i++) {
    const key = boxes.subarray(4 * i, 4 * i + 4).join();
    const same = places.get(key);
    if (same) same.push(i);
    else places.set(key, [i]);
  }
  const out = boxes.slice();
  for (const same of places.values()) {
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
