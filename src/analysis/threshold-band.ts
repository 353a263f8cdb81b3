// How a threshold, and what it gives, vary over other images: the bootstrap band of an operating point.

import { type BootstrapOptions, type Interval, percentileInterval, resampleImages } from './bootstrap';
import type { RankedClass } from './ranked-matches';
import { countFrom, type ThresholdGoal } from './score-curves';

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
  /** 1: true positive; 0: false positive; ignored detections are left out. */
  private readonly isTrue: Uint8Array;
  private readonly scores: Float64Array;
  private readonly images: Int32Array;
  private readonly truths: Int32Array;
  /** Entries up to the end of the last true positive's score: below it F1 only falls. */
  private readonly lastTrue: number;

  constructor({ scores, images, trues, falses, truths }: RankedClass, iou: number) {
    const kept = Int32Array.from(scores.keys()).filter((k) => ((trues[k] | falses[k]) >>> iou) & 1);
    this.isTrue = Uint8Array.from(kept, (k) => (trues[k] >>> iou) & 1);
    this.scores = Float64Array.from(kept, (k) => scores[k]);
    this.images = Int32Array.from(kept, (k) => images[k]);
    this.truths = truths;
    const last = this.isTrue.lastIndexOf(1);
    this.lastTrue = last < 0 ? 0 : countFrom(this.scores, this.scores[last]);
  }

  choose(weights: Uint16Array, goal: ThresholdGoal, fixed = Number.NaN) {
    let positives = 0;
    for (let i = 0; i < weights.length; i++) positives += this.truths[i] * weights[i];
    const target = typeof goal === 'object' ? goal.precision : undefined;
    const threshold = typeof goal === 'number' ? goal : this.preferred(weights, positives, target);
    if (positives === 0 || Number.isNaN(fixed))
      return {
        threshold: positives === 0 ? Number.NaN : threshold,
        precision: Number.NaN,
        recall: Number.NaN,
        f1: Number.NaN,
      };
    const { isTrue, images } = this;
    let [right, all] = [0, 0];
    const end = countFrom(this.scores, fixed);
    for (let k = 0; k < end; k++) {
      const weight = weights[images[k]];
      all += weight;
      if (isTrue[k] === 1) right += weight;
    }
    return { threshold, precision: right / all, recall: right / positives, f1: (2 * right) / (all + positives) };
  }

  /** The score with the highest F1, or the lowest that reaches a precision; NaN without any. */
  private preferred(weights: Uint16Array, positives: number, target: number | undefined): number {
    const { isTrue, scores, images } = this;
    const end = target === undefined ? this.lastTrue : scores.length;
    let threshold = Number.NaN;
    let [right, all, best, seen] = [0, 0, 0, 0];
    for (let k = 0; k < end; k++) {
      const weight = weights[images[k]];
      all += weight;
      if (isTrue[k] === 1) right += weight;
      if (k + 1 < end && scores[k + 1] === scores[k]) continue;
      if (target !== undefined) {
        if (all > 0 && right / all >= target) threshold = scores[k];
      } else if (right > seen) {
        // without another true positive F1 only falls
        seen = right;
        const f1 = (2 * right) / (all + positives);
        if (f1 > best) [best, threshold] = [f1, scores[k]];
      }
    }
    return threshold;
  }
}
