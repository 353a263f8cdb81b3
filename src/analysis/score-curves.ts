// Precision, recall and F1 against the score: what is right and wrong among the detections from a score on. The best threshold,
// and the one that reaches a precision.

import type { RankedClass } from './ranked-matches';

/** Detections from each distinct score on, scores descending. */
export interface ScoreCounts {
  scores: Float64Array;
  /** True positives with at least this score. */
  trues: Int32Array;
  /** True and false positives with at least this score. */
  counted: Int32Array;
  positives: number;
}

export interface OperatingPoint {
  /** Detections with at least this score are kept. */
  score: number;
  truePositives: number;
  falsePositives: number;
  /** Objects that are not found. */
  missed: number;
  /** NaN where nothing is kept. */
  precision: number;
  /** NaN without objects. */
  recall: number;
  f1: number;
}

/** What a threshold is chosen for: the highest F1, the most found at a precision, or the score itself. */
export type ThresholdGoal = 'best' | { precision: number } | number;

/** @param iou position of the IoU among those of the matches */
export function scoreCounts({ scores, trues, falses, positives }: RankedClass, iou = 0): ScoreCounts {
  const [kept, found, counted]: number[][] = [[], [], []];
  let [hits, all] = [0, 0];
  for (let k = 0; k < scores.length; k++) {
    hits += (trues[k] >>> iou) & 1;
    all += ((trues[k] | falses[k]) >>> iou) & 1;
    if (k + 1 < scores.length && scores[k + 1] === scores[k]) continue;
    kept.push(scores[k]);
    found.push(hits);
    counted.push(all);
  }
  return {
    scores: Float64Array.from(kept),
    trues: Int32Array.from(found),
    counted: Int32Array.from(counted),
    positives,
  };
}

/** Precision, recall and F1 of the detections with at least `score`. */
export function pointAt(counts: ScoreCounts, score: number): OperatingPoint {
  return pointOf(counts, countFrom(counts.scores, score) - 1, score);
}

/** How many of the descending scores are at least `score`. */
export function countFrom(scores: Float64Array, score: number): number {
  let [low, high] = [0, scores.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle] >= score) low = middle + 1;
    else high = middle;
  }
  return low;
}

function pointOf({ scores, trues, counted, positives }: ScoreCounts, at: number, score = scores[at]): OperatingPoint {
  const truePositives = at < 0 ? 0 : trues[at];
  const all = at < 0 ? 0 : counted[at];
  return {
    score,
    truePositives,
    falsePositives: all - truePositives,
    missed: positives - truePositives,
    precision: truePositives / all,
    recall: positives === 0 ? Number.NaN : truePositives / positives,
    f1: positives === 0 ? Number.NaN : (2 * truePositives) / (all + positives),
  };
}

/** Whether a later point of the sweep, downwards, is preferred: the index of the preferred one, or -1. */
function preferred(counts: ScoreCounts, goal: Exclude<ThresholdGoal, number>): number {
  const { trues, counted, positives } = counts;
  let [best, at] = [0, -1];
  for (let k = 0; k < trues.length; k++) {
    if (goal === 'best') {
      const f1 = (2 * trues[k]) / (counted[k] + positives);
      if (f1 > best) [best, at] = [f1, k];
    } else if (counted[k] > 0 && trues[k] / counted[k] >= goal.precision) at = k;
  }
  return at;
}

/**
 * The operating point of a goal: of several thresholds with the same F1 the highest, of those that reach a precision the lowest,
 * at which most is found. Undefined where the precision is never reached, or nothing is right.
 */
export function choosePoint(counts: ScoreCounts, goal: ThresholdGoal): OperatingPoint | undefined {
  if (typeof goal === 'number') return pointAt(counts, goal);
  if (counts.positives === 0) return undefined;
  const at = preferred(counts, goal);
  return at < 0 ? undefined : pointOf(counts, at);
}

/** The point of highest precision; of several, that at which most is found. Undefined without detections. */
export function mostPrecisePoint(counts: ScoreCounts): OperatingPoint | undefined {
  const { trues, counted } = counts;
  let [best, at] = [-1, -1];
  for (let k = 0; k < trues.length; k++) {
    const precision = counted[k] === 0 ? -1 : trues[k] / counted[k];
    if (precision >= best && counted[k] > 0) [best, at] = [precision, k];
  }
  return at < 0 ? undefined : pointOf(counts, at);
}
