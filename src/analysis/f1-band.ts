// The band of F1 over the scores: how the whole curve varies over other images.

import { type BootstrapOptions, quantile, resampleImages } from './bootstrap';
import type { RankedClass } from './ranked-matches';

export interface CurveBand {
  /** Scores 0, 1 / (length - 1) .. 1. */
  low: number[];
  high: number[];
}

/**
 * The 95% band of F1 at evenly spaced scores, for each class.
 * @param iou position of the IoU among those of the matches
 */
export function f1Bands(
  classes: readonly RankedClass[],
  { iou = 0, points = 101, resamples = 1000, seed }: BootstrapOptions & { iou?: number; points?: number } = {},
): CurveBand[] {
  const images = classes[0]?.truths.length ?? 0;
  const plans = classes.map((one) => binned(one, iou, points));
  const drawn = classes.map(() => Array.from({ length: points }, () => new Float32Array(resamples)));
  const [hits, all] = [new Float64Array(points), new Float64Array(points)];
  resampleImages(images, { resamples, seed }, (weights, draw) => {
    for (const [c, { starts, bins, right, counted, truths }] of plans.entries()) {
      hits.fill(0);
      all.fill(0);
      let positives = 0;
      for (let i = 0; i < images; i++) {
        const weight = weights[i];
        if (weight === 0) continue;
        positives += truths[i] * weight;
        for (let e = starts[i]; e < starts[i + 1]; e++) {
          all[bins[e]] += weight * counted[e];
          hits[bins[e]] += weight * right[e];
        }
      }
      let [found, sum] = [0, 0];
      for (let p = points - 1; p >= 0; p--) {
        found += hits[p];
        sum += all[p];
        drawn[c][p][draw] = sum + positives === 0 ? 0 : (2 * found) / (sum + positives);
      }
    }
  });
  return drawn.map((columnsOf) => {
    const sorted = columnsOf.map((values) => values.sort());
    return {
      low: sorted.map((values) => quantile(values, 0.025)),
      high: sorted.map((values) => quantile(values, 0.975)),
    };
  });
}

/** What each image has at each of the points, the last that the scores reach; image by image, without what is empty. */
function binned({ scores, images, trues, falses, truths }: RankedClass, iou: number, points: number) {
  const cells = new Map<number, { right: number; counted: number }>();
  for (let k = 0; k < scores.length; k++) {
    if ((((trues[k] | falses[k]) >>> iou) & 1) === 0) continue;
    const bin = Math.max(0, Math.min(points - 1, Math.floor(scores[k] * (points - 1))));
    const key = images[k] * points + bin;
    const cell = cells.get(key) ?? { right: 0, counted: 0 };
    cells.set(key, cell);
    cell.right += (trues[k] >>> iou) & 1;
    cell.counted++;
  }
  const keys = Float64Array.from(cells.keys()).sort();
  const starts = new Int32Array(truths.length + 1);
  for (const key of keys) starts[Math.floor(key / points) + 1]++;
  for (let i = 0; i < truths.length; i++) starts[i + 1] += starts[i];
  return {
    starts,
    truths,
    bins: Int32Array.from(keys, (key) => key % points),
    right: Float64Array.from(keys, (key) => cells.get(key)!.right),
    counted: Float64Array.from(keys, (key) => cells.get(key)!.counted),
  };
}
