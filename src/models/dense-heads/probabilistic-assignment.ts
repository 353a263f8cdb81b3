// PAA's second look at what was assigned: the losses of an object's anchors are a mixture of two normal distributions, and anchors
// up to the likeliest of the lower one stay positive (Kim and Lee, ECCV 2020). Plain arrays.

import { topIndices } from '../../ops/top-indices';
import { gaussianMixture } from './gaussian-mixture';

export interface Assigned {
  /** Index among all priors, ground truth, level and loss of each of the P positives. */
  positive: Int32Array;
  truths: Int32Array;
  levels: Int32Array;
  losses: Float32Array;
}

/** Indices, among the P, of the positives that stay, rising. */
export function keptPositives({ positive, truths, levels, losses }: Assigned, topk: number, tied: boolean): number[] {
  const groups = new Map<number, Map<number, number[]>>(); // by ground truth and level
  for (let k = 0; k < positive.length; k++) {
    const byLevel = groups.get(truths[k]) ?? new Map<number, number[]>();
    groups.set(truths[k], byLevel);
    byLevel.set(levels[k], [...(byLevel.get(levels[k]) ?? []), k]);
  }
  const kept: number[] = [];
  for (const byLevel of groups.values()) {
    const best = [...byLevel.values()].flatMap((indices) => {
      const negated = Float32Array.from(indices, (k) => -losses[k]);
      return Array.from(topIndices(negated, Math.min(topk, indices.length)), (j) => indices[j]);
    });
    if (best.length < 2) continue; // two distributions need two values
    best.sort((a, b) => losses[a] - losses[b]);
    const values = best.map((k) => losses[k]);
    const { components, scores } = gaussianMixture(values, [values[0], values[values.length - 1]], tied);
    const low = [...best.keys()].filter((j) => components[j] === 0);
    if (low.length === 0) continue;
    const likeliest = low.reduce((top, j, at) => (scores[j] > scores[low[top]] ? at : top), 0);
    kept.push(...low.slice(0, likeliest + 1).map((j) => best[j]));
  }
  return kept.sort((a, b) => a - b);
}
