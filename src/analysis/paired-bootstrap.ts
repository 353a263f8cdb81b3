// Whether one detector is better than another on the same images: AP of both on the same draws of images (paired bootstrap), so
// that what makes an image hard for both cancels. With several trained models of each (seeds), these are drawn as well.

import { Random } from '../random';
import { type BootstrapOptions, type Interval, percentileInterval, resampleImages } from './bootstrap';
import type { RankedMatches } from './ranked-matches';
import { meanAp, ResampledAp } from './resampled-ap';

export type Verdict = 'better' | 'worse' | 'not told apart';

export interface Difference {
  /** AP of the two sides on the images as they are, averaged over their models; -1 where there is nothing to measure. */
  values: [first: number, second: number];
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
  const { classes, images } = first[0];
  const sides = [first, second].map((models) => models.map(apNumbers));
  const [{ names }] = sides[0];
  const meanOf = (models: readonly ApNumbers[], weights: ArrayLike<number>): Float64Array => {
    const rows = models.map((model) => model.of(weights));
    return rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
  };
  const seeds = Random.seeded((options.seed ?? 0) ^ 0x5eed);
  const observed = sides.map((models) => meanOf(models, new Uint16Array(images).fill(1)));
  const draws = Array.from(observed[0], (): number[] => []);
  resampleImages(images, options, (weights) => {
    const [a, b] = sides.map((models) =>
      meanOf(models.length === 1 ? models : models.map(() => models[seeds.integer(models.length)]), weights),
    );
    for (let i = 0; i < a.length; i++) draws[i].push(differenceOf(a[i], b[i]));
  });
  const all = draws.map((values, i) => judged(observed[0][i], observed[1][i], values));
  const metrics = names.slice(0, names.length - classes.length);
  return {
    metrics: Object.fromEntries(metrics.map((name, i) => [name, all[i]])),
    perClass: all.slice(metrics.length),
  };
}

/** The numbers that are compared, of one model. */
interface ApNumbers {
  /** The metrics, then the classes. */
  names: string[];
  of(weights: ArrayLike<number>): Float64Array;
}

function apNumbers(matches: RankedMatches): ApNumbers {
  const { classes, ious } = matches;
  const sampler = new ResampledAp(matches);
  const single = ious.flatMap((iou, t) => (isShown(iou) ? [{ name: `AP${Math.round(100 * iou)}`, t }] : []));
  return {
    names: ['AP', ...single.map(({ name }) => name), ...classes.map(({ name }) => name)],
    of(weights) {
      const ap = sampler.of(weights);
      return Float64Array.from([
        meanAp(ap, ious.length),
        ...single.map(({ t }) => meanAp(ap, ious.length, t)),
        ...classes.map((_, c) => meanAp(ap.subarray(c * ious.length, (c + 1) * ious.length), ious.length)),
      ]);
    },
  };
}

/** Both sides have the same objects, so that a number is missing in both. */
const differenceOf = (first: number, second: number): number => (first < 0 || second < 0 ? Number.NaN : second - first);

const isShown = (iou: number): boolean => Math.abs(iou - 0.5) < 1e-9 || Math.abs(iou - 0.75) < 1e-9;

function judged(first: number, second: number, draws: number[]): Difference {
  const interval = percentileInterval(draws);
  const verdict = !interval ? undefined : interval.low > 0 ? 'better' : interval.high < 0 ? 'worse' : undefined;
  return {
    values: [first, second],
    difference: differenceOf(first, second),
    interval,
    verdict: verdict ?? 'not told apart',
  };
}
