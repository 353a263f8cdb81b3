// The bootstrap over images (Efron & Tibshirani 1993): images are drawn with replacement, as many as there are, and the numbers
// computed again; how they vary over the draws is how they would vary over other images of the same kind.

import { DetLabError } from '../errors';
import { Random } from '../random';

export interface BootstrapOptions {
  /** Draws. Default 1000. */
  resamples?: number;
  /** Of the draws: the same seed gives the same numbers. Default 0. */
  seed?: number;
}

/** What is left of `values` between its (1 - level) / 2 quantiles. */
export interface Interval {
  low: number;
  high: number;
}

const FEWEST = 100;

/**
 * Calls `each` with how many times each image was drawn.
 * @throws DetLabError for fewer than 100 draws, from which no 95% interval can be read
 */
export function resampleImages(
  images: number,
  { resamples = 1000, seed = 0 }: BootstrapOptions,
  each: (weights: Uint16Array, draw: number) => void,
): void {
  if (!Number.isInteger(resamples) || resamples < FEWEST)
    throw new DetLabError(`Cannot resample ${resamples} times: expected an integer from ${FEWEST} on, such as 1000`);
  const random = Random.seeded(seed);
  const weights = new Uint16Array(images);
  for (let draw = 0; draw < resamples; draw++) {
    weights.fill(0);
    for (let i = 0; i < images; i++) weights[random.integer(images)]++;
    each(weights, draw);
  }
}

/** The percentile interval of the values that are numbers; undefined without any. */
export function percentileInterval(values: ArrayLike<number>, level = 0.95): Interval | undefined {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  if (sorted.length === 0) return undefined;
  const tail = (1 - level) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** Quantile `q` of ascending values, between two of them by linear interpolation (NumPy's default). */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
