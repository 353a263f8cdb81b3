// Dynamic k matching: each ground-truth box takes the k candidates of lowest cost, k being the sum of its `topk` IoUs,
// rounded down, at least 1; a candidate of several boxes goes to the one of lowest cost (Ge et al., OTA, CVPR 2021; YOLOX).

import { topIndices } from '../../../ops/top-indices';
import type { AssignResult, Instances } from '../types';

export interface Candidates {
  /** Prior of each candidate. */
  priors: Int32Array; // [candidates]
  costs: Float32Array; // [candidates, K]
  overlaps: Float32Array; // [candidates, K]
  /** What `maxOverlaps` says of a positive; default: its overlap. */
  qualities?: Float32Array; // [candidates, K]
  /** `maxOverlaps` of background: the references differ. */
  noOverlap: number;
}

/** `count`: number of priors, of which the candidates are some. */
export function dynamicKMatching(
  { priors, costs, overlaps, noOverlap, qualities = overlaps }: Candidates,
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
  const maxOverlaps = new Float32Array(count).fill(noOverlap);
  for (let i = 0; i < n; i++) {
    if (taken[i] === 0) continue;
    let truth = truthOf[i];
    if (taken[i] > 1) {
      truth = 0;
      for (let g = 1; g < truths; g++) if (costs[i * truths + g] < costs[i * truths + truth]) truth = g;
    }
    assigned[priors[i]] = truth + 1;
    labels[priors[i]] = instances.labels[truth];
    maxOverlaps[priors[i]] = qualities[i * truths + truth];
  }
  return { numTruths: truths, assigned, maxOverlaps, labels };
}
