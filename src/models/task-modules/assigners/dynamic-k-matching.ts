// Each truth takes its k cheapest candidates, k being about the sum of its best overlaps; a candidate that several truths
// want goes to the one it costs least (Ge et al., OTA / YOLOX, 2021).

import { topIndices } from '../../../ops/top-indices';
import type { AssignResult, Instances } from '../types';

export interface Candidates {
  /** Prior of each candidate. */
  priors: Int32Array;
  /** Row-major [candidates, truths]. */
  costs: Float32Array;
  overlaps: Float32Array;
}

/** `count` priors in all; `topk` overlaps are summed for k. */
export function dynamicKMatching(
  { priors, costs, overlaps }: Candidates,
  count: number,
  instances: Instances,
  topk: number,
): AssignResult {
  const truths = instances.labels.length;
  const n = priors.length;
  const taken = new Int32Array(n);
  const truthOf = new Int32Array(n).fill(-1);
  const column = new Float32Array(n);
  for (let g = 0; g < truths; g++) {
    for (let i = 0; i < n; i++) column[i] = overlaps[i * truths + g];
    let sum = 0;
    for (const i of topIndices(column, Math.min(topk, n))) sum = Math.fround(sum + column[i]);
    const k = Math.max(Math.trunc(sum), 1);
    for (let i = 0; i < n; i++) column[i] = -costs[i * truths + g];
    for (const i of topIndices(column, k)) {
      taken[i]++;
      truthOf[i] = g;
    }
  }
  const assigned = new Int32Array(count);
  const labels = new Int32Array(count).fill(-1);
  // as the reference has it: far below zero where nothing is assigned
  const maxOverlaps = new Float32Array(count).fill(-100000);
  for (let i = 0; i < n; i++) {
    if (taken[i] === 0) continue;
    let truth = truthOf[i];
    if (taken[i] > 1) {
      truth = 0;
      for (let g = 1; g < truths; g++) if (costs[i * truths + g] < costs[i * truths + truth]) truth = g;
    }
    assigned[priors[i]] = truth + 1;
    labels[priors[i]] = instances.labels[truth];
    maxOverlaps[priors[i]] = overlaps[i * truths + truth];
  }
  return { numTruths: truths, assigned, maxOverlaps, labels };
}
