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
  const columns = classes.map(({ scores, trues, falses }) => {
    const kept = Int32Array.from(scores.keys()).filter((k) => ((trues[k] | falses[k]) >>> iou) & 1);
    return {
      kept,
      right: Uint8Array.from(kept, (k) => (trues[k] >>> iou) & 1),
      /** The last of the points that its score reaches. */
      bins: Int32Array.from(kept, (k) => Math.max(0, Math.min(points - 1, Math.floor(scores[k] * (points - 1))))),
    };
  });
  const drawn = classes.map(() => Array.from({ length: points }, () => new Float32Array(resamples)));
  resampleImages(images, { resamples, seed }, (weights, draw) => {
    for (const [c, { images: places, truths }] of classes.entries()) {
      const { kept, right, bins } = columns[c];
      const [hits, all] = [new Float64Array(points), new Float64Array(points)];
      for (let i = 0; i < kept.length; i++) {
        const weight = weights[places[kept[i]]];
        all[bins[i]] += weight;
        if (right[i]) hits[bins[i]] += weight;
      }
      let positives = 0;
      for (let i = 0; i < images; i++) positives += truths[i] * weights[i];
      let [found, counted] = [0, 0];
      for (let p = points - 1; p >= 0; p--) {
        found += hits[p];
        counted += all[p];
        drawn[c][p][draw] = counted + positives === 0 ? 0 : (2 * found) / (counted + positives);
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
