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
  const sweeps = classes.map((one, c) => new WeightedSweep(one, iou, scores[c]));
  resampleImages(images, options, (weights) => {
    for (const [c, sweep] of sweeps.entries()) {
      const { threshold, precision, recall, f1 } = sweep.choose(weights, goal);
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
  /** Detections that count, best first: 4 * image + 2 for a true positive + 1 for the last one of its score. */
  private readonly steps: Int32Array;
  private readonly scores: Float64Array;
  /** Of images with objects or kept detections: position, objects, and true positives among all detections. */
  private readonly images: Int32Array;
  private readonly truths: Int32Array;
  private readonly trues: Int32Array;
  /** Of the same images: true positives, and all that counts, from the threshold in hand on. */
  private readonly kept: { trues: Int32Array; counted: Int32Array };
  private readonly fixed: number | undefined;

  constructor({ scores, images, trues, falses, truths }: RankedClass, iou: number, fixed: number | undefined) {
    const counted = Int32Array.from(scores.keys()).filter((k) => ((trues[k] | falses[k]) >>> iou) & 1);
    this.scores = Float64Array.from(counted, (k) => scores[k]);
    const found = new Int32Array(truths.length);
    const kept = { trues: new Int32Array(truths.length), all: new Int32Array(truths.length) };
    const end = fixed === undefined ? 0 : countFrom(this.scores, fixed);
    this.steps = counted.map((k, i) => {
      const [right, last] = [(trues[k] >>> iou) & 1, this.scores[i] === this.scores[i + 1] ? 0 : 1];
      found[images[k]] += right;
      if (i < end) {
        kept.trues[images[k]] += right;
        kept.all[images[k]]++;
      }
      return (images[k] << 2) | (right << 1) | last;
    });
    this.images = Int32Array.from(truths.keys()).filter((i) => truths[i] > 0 || kept.all[i] > 0);
    this.truths = this.images.map((i) => truths[i]);
    this.trues = this.images.map((i) => found[i]);
    this.kept = { trues: this.images.map((i) => kept.trues[i]), counted: this.images.map((i) => kept.all[i]) };
    this.fixed = fixed;
  }

  choose(weights: Uint16Array, goal: ThresholdGoal) {
    const { images, truths, trues, kept } = this;
    let [positives, found, right, all] = [0, 0, 0, 0];
    for (let i = 0; i < images.length; i++) {
      const weight = weights[images[i]];
      positives += truths[i] * weight;
      found += trues[i] * weight;
      right += kept.trues[i] * weight;
      all += kept.counted[i] * weight;
    }
    const none = Number.NaN;
    if (positives === 0) return { threshold: none, precision: none, recall: none, f1: none };
    const threshold =
      goal === 'best'
        ? this.highestF1(weights, positives, found)
        : typeof goal === 'number'
          ? goal
          : this.lowestReaching(goal.precision, weights, found);
    if (this.fixed === undefined) return { threshold, precision: none, recall: none, f1: none };
    return { threshold, precision: right / all, recall: right / positives, f1: (2 * right) / (all + positives) };
  }

  /** Of several the highest; NaN without any. Ends where finding all the rest, and nothing wrong, would not be better. */
  private highestF1(weights: Uint16Array, positives: number, found: number): number {
    const { steps } = this;
    let [right, all, best, seen, at] = [0, 0, 0, 0, -1];
    for (let k = 0; k < steps.length; k++) {
      const step = steps[k];
      const weight = weights[step >> 2];
      all += weight;
      if (step & 2) right += weight;
      // without another true positive F1 only falls
      if ((step & 1) === 0 || right === seen) continue;
      seen = right;
      const f1 = (2 * right) / (all + positives);
      if (f1 > best) [best, at] = [f1, k];
      if ((2 * found) / (all + found - right + positives) <= best) break;
    }
    return at < 0 ? Number.NaN : this.scores[at];
  }

  /** NaN if it is never reached. Ends where finding all the rest, and nothing wrong, would not reach it. */
  private lowestReaching(precision: number, weights: Uint16Array, found: number): number {
    const { steps } = this;
    let [right, all, at] = [0, 0, -1];
    for (let k = 0; k < steps.length; k++) {
      const step = steps[k];
      const weight = weights[step >> 2];
      all += weight;
      if (step & 2) right += weight;
      if ((step & 1) === 0) continue;
      if (all > 0 && right / all >= precision) at = k;
      if (found / (all + found - right) < precision) break;
    }
    return at < 0 ? Number.NaN : this.scores[at];
  }
}
