// Whether one detector is better than another on the same images: AP of both on the same draws of images (paired bootstrap), so
// that what makes an image hard for both cancels. With several trained models of each (seeds), these are drawn as well.

import { Random } from '../random';
import { type BootstrapOptions, type Interval, percentileInterval, resampleImages } from './bootstrap';
import type { RankedMatches } from './ranked-matches';
import { meanAp, ResampledAp } from './resampled-ap';

export type Verdict = 'better' | 'worse' | 'not told apart';

export interface Difference {
  /** Of the second minus the first, on the images as they are; NaN where there is nothing to compare. */
  difference: number;
  /** 95% of the draws. */
  interval?: Interval;
  /** Of the second: `better` where the whole interval is above 0, `worse` where it is below. */
  verdict: Verdict;
}

export interface PairedDifferences {
  /** AP over all IoUs, and at single ones: `AP`, `AP50`, `AP75`. */
  metrics: Record<string, Difference>;
  /** AP over all IoUs, by class in label order. */
  perClass: Difference[];
}

/**
 * @param first matches of the models of the one side, one per seed; the images of all are the same and in the same order
 * @param second of the other side
 */
export function pairedBootstrap(
  first: readonly RankedMatches[],
  second: readonly RankedMatches[],
  options: BootstrapOptions = {},
): PairedDifferences {
  const { classes, ious, images } = first[0];
  const sides = [first, second].map((models) => models.map((matches) => new ResampledAp(matches)));
  const seeds = Random.seeded((options.seed ?? 0) ^ 0x5eed);
  const single = ious.flatMap((iou, t) => (isShown(iou) ? [{ name: `AP${Math.round(100 * iou)}`, t }] : []));
  const names = ['AP', ...single.map(({ name }) => name)];
  /** The numbers of one side: the metrics, then the classes; the mean of its models. */
  const numbersOf = (models: readonly ResampledAp[], weights: ArrayLike<number>): Float64Array => {
    const rows = models.map((model) => {
      const ap = model.of(weights);
      const perClass = classes.map((_, c) => meanAp(ap.subarray(c * ious.length, (c + 1) * ious.length), ious.length));
      return [meanAp(ap, ious.length), ...single.map(({ t }) => meanAp(ap, ious.length, t)), ...perClass];
    });
    return Float64Array.from(rows[0], (_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
  };
  /** NaN where either has none; both have the same objects, so that it is missing in both. */
  const differences = (weights: ArrayLike<number>, models: readonly (readonly ResampledAp[])[]): Float64Array => {
    const [a, b] = models.map((side) => numbersOf(side, weights));
    return a.map((value, i) => (value < 0 || b[i] < 0 ? Number.NaN : b[i] - value));
  };
  const observed = differences(new Uint16Array(images).fill(1), sides);
  const draws = Array.from(observed, (): number[] => []);
  resampleImages(images, options, (weights) => {
    const drawn = sides.map((models) =>
      models.length === 1 ? models : models.map(() => models[seeds.integer(models.length)]),
    );
    for (const [i, value] of differences(weights, drawn).entries()) draws[i].push(value);
  });
  const all = Array.from(observed, (difference, i) => differenceOf(difference, draws[i]));
  return {
    metrics: Object.fromEntries(names.map((name, i) => [name, all[i]])),
    perClass: all.slice(names.length),
  };
}

const isShown = (iou: number): boolean => Math.abs(iou - 0.5) < 1e-9 || Math.abs(iou - 0.75) < 1e-9;

function differenceOf(difference: number, draws: number[]): Difference {
  const interval = percentileInterval(draws);
  const verdict = !interval ? 'not told apart' : interval.low > 0 ? 'better' : interval.high < 0 ? 'worse' : undefined;
  return { difference, interval, verdict: verdict ?? 'not told apart' };
}
