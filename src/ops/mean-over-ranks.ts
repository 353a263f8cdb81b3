// MMDetection's reduce_mean: a number that divides a loss is averaged over the ranks, so that the mean of their gradients is that
// of one process with the whole batch.

import { stepGroup } from '../engine/step-group';

/**
 * The mean over the ranks of a run of several processes; `value` itself in one process, and outside of training steps. All ranks
 * must call it equally often: also where this rank has no positives.
 *
 * @example const avgFactor = Math.max(meanOverRanks(positives.length), 1);
 */
export function meanOverRanks(value: number): number {
  const group = stepGroup();
  return group ? group.sumNow([value])[0] / group.size : value;
}
