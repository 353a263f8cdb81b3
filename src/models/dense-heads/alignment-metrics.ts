// Targets of task alignment learning (Feng et al., TOOD, ICCV 2021): the alignment metric of each positive, scaled so that the
// best of every ground-truth box equals the largest IoU among its positives.

import { joinArrays } from '../join-arrays';
import type { BatchTargets } from './batch-targets';
import type { ImageTargets } from './image-targets';

/** Of all positives of a batch [P], 0 .. 1. */
export function normalizedMetrics({ images }: Pick<BatchTargets, 'images'>): Float32Array {
  return joinArrays(images.map(ofImage));
}

function ofImage({ truths, numTruths, overlaps, metrics }: ImageTargets): Float32Array {
  if (!metrics) throw new Error('The assigner gives no alignment metrics, which was checked when the head was built');
  const bestMetric = new Float32Array(numTruths);
  const bestIou = new Float32Array(numTruths);
  for (const [k, g] of truths.entries()) {
    bestMetric[g] = Math.max(bestMetric[g], metrics[k]);
    bestIou[g] = Math.max(bestIou[g], overlaps[k]);
  }
  return metrics.map((metric, k) => (metric / (bestMetric[truths[k]] + 1e-7)) * bestIou[truths[k]]);
}
