// Targets of task alignment learning (Feng et al., TOOD, ICCV 2021): the alignment metric of each positive, scaled so that the
// best of every ground-truth box equals the largest IoU among its positives. In the initial epochs all are 1.

import { meanOverRanks } from '../../ops/over-ranks';
import { joinArrays } from '../join-arrays';
import type { BatchTargets } from './batch-targets';
import type { ImageTargets } from './image-targets';

export interface AlignmentTargets {
  /** Of the positives [P], 0 .. 1. */
  metrics: Float32Array;
  /** The same for every row [N T], 0 where it is no positive. */
  qualities: Float32Array;
}

export function alignmentTargets(targets: BatchTargets, initial: boolean): AlignmentTargets {
  const { positives, labels, images } = targets;
  const metrics = initial ? new Float32Array(positives.length).fill(1) : joinArrays(images.map(normalizedMetrics));
  const qualities = new Float32Array(labels.length);
  for (const [k, row] of positives.entries()) qualities[row] = metrics[k];
  return { metrics, qualities };
}

export function normalizedMetrics({
  truths,
  numTruths,
  overlaps,
  metrics = new Float32Array(0),
}: Pick<ImageTargets, 'truths' | 'numTruths' | 'overlaps' | 'metrics'>): Float32Array {
  const bestMetric = new Float32Array(numTruths);
  const bestIou = new Float32Array(numTruths);
  for (const [k, g] of truths.entries()) {
    bestMetric[g] = Math.max(bestMetric[g], metrics[k]);
    bestIou[g] = Math.max(bestIou[g], overlaps[k]);
  }
  return metrics.map((metric, k) => (metric / (bestMetric[truths[k]] + 1e-7)) * bestIou[truths[k]]);
}

/** What weighted losses divide by: the sum of the weights, at least 1. */
export function sumOrOne(weights: Float32Array): number {
  const sum = weights.reduce((a, b) => a + b, 0);
  return meanOverRanks(sum, 1);
}
