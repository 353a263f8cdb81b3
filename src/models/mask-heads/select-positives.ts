// Which positives of an image have their masks compared, where not all fit: as many as allowed at random, or of each object its
// most confident (CondInst, BoxInst).

import { topIndices } from '../../ops/top-indices';
import type { Random } from '../../random';
import type { PositiveInstances } from '../types';

export function selectPositives(
  { truths, confidences }: Pick<PositiveInstances, 'truths' | 'confidences'>,
  { max_masks_to_train: most, topk_masks_per_img: best }: { max_masks_to_train: number; topk_masks_per_img: number },
  random: Random,
): Int32Array {
  if (most !== -1 && truths.length > most) return random.permutation(truths.length, most);
  if (best === -1) return Int32Array.from(truths.keys());
  const ofObject = new Map<number, number[]>();
  for (const [row, truth] of truths.entries()) {
    const rows = ofObject.get(truth);
    if (rows) rows.push(row);
    else ofObject.set(truth, [row]);
  }
  const each = Math.max(Math.floor(best / ofObject.size), 1);
  const rows = [...ofObject.keys()].sort((a, b) => a - b).map((truth) => ofObject.get(truth)!);
  if (rows.every(({ length }) => length <= each)) return Int32Array.from(rows.flat());
  const scores = confidences();
  return Int32Array.from(
    rows.flatMap((own) => {
      if (own.length <= each) return own;
      const values = Float32Array.from(own, (row) => scores[row]);
      return Array.from(topIndices(values, each), (k) => own[k]);
    }),
  );
}
