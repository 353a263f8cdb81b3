// What a match cost is: how ill a prediction fits a truth, for every pair. Plain arrays: matching is not differentiated.

/** Predictions of one image. */
export interface MatchPredictions {
  count: number;
  /** Logits [count, classes], flat. */
  scores: Float32Array;
  classes: number;
  /** xyxy in pixels, flat. */
  bboxes: Float32Array;
  /** Mask logits [count, pixels], flat. */
  masks?: Float32Array;
}

/** Truths of one image. */
export interface MatchTruths {
  labels: Int32Array;
  /** xyxy in pixels, flat. */
  bboxes: Float32Array;
  /** [truths, pixels] of 0 and 1, flat. */
  masks?: Float32Array;
  /** BinaryFocalLossCost: which of the score columns (tokens) each truth means, [truths, classes]. */
  positiveMaps?: Float32Array;
  /** BinaryFocalLossCost: columns that are tokens at all, [classes]. */
  tokenMask?: Float32Array;
}

export interface MatchCost {
  /** [predictions, truths], flat. `imgShape` is [height, width]. */
  cost(predictions: MatchPredictions, truths: MatchTruths, imgShape: [number, number]): Float32Array;
}

/** Fills [n, m] from a function of both. */
export function pairwise(n: number, m: number, f: (i: number, j: number) => number): Float32Array {
  const out = new Float32Array(n * m);
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < m; j++) out[at++] = f(i, j);
  return out;
}

/** a [n, k] times the transpose of b [m, k], by `weight`. */
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
