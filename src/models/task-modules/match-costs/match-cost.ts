// What a match cost is: how badly a prediction matches a ground-truth box, for every pair. Plain arrays: matching is not
// differentiated.

import type { Instances, PredictionPart, Predictions, Size } from '../types';

export interface MatchCost {
  /** Parts of the predictions that it reads. */
  readonly needs: readonly PredictionPart[];
  /** Row-major [predictions, ground truth]. `predictions` have the parts it needs. */
  cost(predictions: Predictions, truths: Instances, imgShape: Size): Float32Array;
}

/** [n, m] of a function of row and column. */
export function pairwise(n: number, m: number, f: (i: number, j: number) => number): Float32Array {
  const out = new Float32Array(n * m);
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < m; j++) out[at++] = f(i, j);
  return out;
}

/** a [n, k] times the transpose of b [m, k]. */
export function products(a: Float32Array, b: Float32Array, n: number, m: number): Float64Array {
  const k = n > 0 ? a.length / n : 0;
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let c = 0; c < k; c++) sum += a[i * k + c] * b[j * k + c];
      out[i * m + j] = sum;
    }
  return out;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

declare module '../../../catalogue/registry' {
  interface Built {
    match_cost: MatchCost;
  }
}
