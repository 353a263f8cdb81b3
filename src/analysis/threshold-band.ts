// How a threshold, and what it gives, vary over other images: the bootstrap band of an operating point.

import { type BootstrapOptions, type Interval, percentileInterval, resampleImages } from './bootstrap';
import type { RankedClass } from './ranked-matches';
import type { ThresholdGoal } from './score-curves';

export interface ThresholdBand {
  /** Of the threshold chosen anew on each draw; undefined where the goal is never reached. */
  threshold?: Interval;
  /** At the threshold in hand. */
  precision?: Interval;
  recall?: Interval;
  f1?: Interval;
  /** Share of the draws on which the goal is reached. */
  reached: number;
}

/**
 * @param score the threshold in hand; undefined where the goal is not reached on the images as they are
 * @param iou position of the IoU among those of the matches
 */
export function thresholdBands(
  classes: readonly RankedClass[],
  goal: ThresholdGoal,
  scores: readonly (number | undefined)[],
  { iou = 0, ...options }: BootstrapOptions & { iou?: number } = {},
): ThresholdBand[] {
  const images = classes[0]?.truths.length ?? 0;
  const drawn = classes.map(
    (): Record<'threshold' | 'precision' | 'recall' | 'f1', number[]> => ({
      threshold: [],
      precision: [],
      recall: [],
      f1: [],
    }),
  );
  const sweeps = classes.map((one) => new WeightedSweep(one, iou));
  resampleImages(images, options, (weights) => {
    for (const [c, sweep] of sweeps.entries()) {
      const { threshold, precision, recall, f1 } = sweep.choose(weights, goal, scores[c]);
      drawn[c].threshold.push(threshold);
      drawn[c].precision.push(precision);
      drawn[c].recall.push(recall);
      drawn[c].f1.push(f1);
    }
  });
  return drawn.map(({ threshold, precision, recall, f1 }) => ({
    threshold: typeof goal === 'number' ? undefined : percentileInterval(threshold),
    precision: percentileInterval(precision),
    recall: percentileInterval(recall),
    f1: percentileInterval(f1),
    reached: threshold.filter((value) => !Number.isNaN(value)).length / Math.max(1, threshold.length),
  }));
}

/** One class, swept from the highest score down with a weight per image. */
class WeightedSweep {
  /** 1: true positive, 2: false positive; ignored detections are left out. */
  private readonly kinds: Uint8Array;
  private readonly scores: Float64Array;
  private readonly images: Int32Array;
  private readonly truths: Int32Array;

  constructor({ scores, images, trues, falses, truths }: RankedClass, iou: number) {
    const all = Uint8Array.from(scores, (_, k) => ((trues[k] >>> iou) & 1) + 2 * ((falses[k] >>> iou) & 1));
    const kept = Int32Array.from(all.keys()).filter((k) => all[k] > 0);
    this.kinds = Uint8Array.from(kept, (k) => all[k]);
    this.scores = Float64Array.from(kept, (k) => scores[k]);
    this.images = Int32Array.from(kept, (k) => images[k]);
    this.truths = truths;
  }

  choose(weights: Uint16Array, goal: ThresholdGoal, fixed = Number.NaN) {
    const { kinds, scores, images } = this;
    const positives = this.truths.reduce((sum, n, i) => sum + n * weights[i], 0);
    const target = typeof goal === 'object' ? goal.precision : undefined;
    let [right, all, best] = [0, 0, 0];
    let threshold = Number.NaN;
    let [fixedRight, fixedAll] = [0, 0];
    for (let k = 0; k < kinds.length; k++) {
      const weight = weights[images[k]];
      all += weight;
      if (kinds[k] === 1) right += weight;
      if (k + 1 < kinds.length && scores[k + 1] === scores[k]) continue;
      if (scores[k] >= fixed) [fixedRight, fixedAll] = [right, all];
      if (target !== undefined) {
        if (all > 0 && right / all >= target) threshold = scores[k];
        continue;
      }
      const f1 = (2 * right) / (all + positives);
      if (f1 > best) [best, threshold] = [f1, scores[k]];
    }
    const isFixed = !Number.isNaN(fixed) && positives > 0;
    return {
      threshold: positives > 0 ? threshold : Number.NaN,
      precision: isFixed ? fixedRight / fixedAll : Number.NaN,
      recall: isFixed ? fixedRight / positives : Number.NaN,
      f1: isFixed ? (2 * fixedRight) / (fixedAll + positives) : Number.NaN,
    };
  }
}
