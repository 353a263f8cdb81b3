// Cityscapes' average precision of instances, equal to cityscapesScripts' evalInstanceLevelSemanticLabeling.py: every detection
// that overlaps an instance enough is a match, the best score counts, its others are false; what is mostly void, in groups or
// in small instances is ignored. Precision is integrated step-wise, not at 101 recalls as COCO's.

import {
  type CityscapesInstance,
  type CityscapesMatches,
  type CityscapesPrediction,
  isGroup,
} from './cityscapes-matches';

/** Instances below this many pixels are ignored. */
const MIN_REGION = 100;
/** numpy's arange(0.5, 1, 0.05), whose step is that of its first two values in float64. */
const STEP = 0.5 + 0.05 - 0.5;
export const CITYSCAPES_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, i) => 0.5 + i * STEP);

/** Whether an instance must be found. */
export const isCounted = (instance: CityscapesInstance): boolean =>
  !isGroup(instance) && instance.pixelCount >= MIN_REGION;

/** AP of a class at an IoU; NaN where it has no instances. */
export function cityscapesAp(images: readonly CityscapesMatches[], name: string, threshold: number): number {
  const scored: Scored[] = [];
  let missed = 0;
  let hasTruths = false;
  let hasPredictions = false;
  for (const { groundTruth, prediction } of images) {
    const instances = groundTruth.get(name)!.filter(isCounted);
    const predictions = prediction.get(name)!;
    if (instances.length > 0) hasTruths = true;
    if (predictions.length > 0) hasPredictions = true;
    missed += addMatches(instances, predictions, threshold, scored);
    for (const one of predictions) if (isFalse(one, threshold)) scored.push({ score: one.confidence, isTrue: false });
  }
  if (!hasTruths) return Number.NaN;
  return hasPredictions ? averagePrecision(scored, missed) : 0;
}

interface Scored {
  score: number;
  isTrue: boolean;
}

function overlapOf({ pixelCount, matchedGt }: CityscapesPrediction, instance: CityscapesInstance): number {
  const intersection = matchedGt.find((match) => match.instance === instance)?.intersection ?? 0;
  return intersection / (instance.pixelCount + pixelCount - intersection);
}

/** Per instance its best match, and the others as errors; returns how many instances have none. */
function addMatches(
  instances: readonly CityscapesInstance[],
  predictions: readonly CityscapesPrediction[],
  threshold: number,
  scored: Scored[],
): number {
  let missed = 0;
  for (const instance of instances) {
    const scores = predictions.filter((one) => overlapOf(one, instance) > threshold).map((one) => one.confidence);
    if (scores.length === 0) missed++;
    const best = Math.max(...scores);
    const at = scores.indexOf(best);
    for (const [i, score] of scores.entries()) scored.push({ score, isTrue: i === at });
  }
  return missed;
}

/** Whether a detection overlaps no instance enough, and is not mostly in what is ignored. */
function isFalse(prediction: CityscapesPrediction, threshold: number): boolean {
  if (prediction.matchedGt.some(({ instance }) => overlapOf(prediction, instance) > threshold)) return false;
  let ignored = prediction.voidIntersection;
  for (const { instance, intersection } of prediction.matchedGt) {
    if (isGroup(instance)) ignored += intersection;
    if (instance.pixelCount < MIN_REGION) ignored += intersection; // a small group counts twice, as in the reference
  }
  return ignored / prediction.pixelCount <= threshold;
}

/** The area under precision by recall, each step between two recalls with the precision at its middle point. */
function averagePrecision(scored: readonly Scored[], missed: number): number {
  const sorted = [...scored].sort((a, b) => a.score - b.score);
  const positives = sorted.filter(({ isTrue }) => isTrue).length;
  const precision: number[] = [];
  const recall: number[] = [];
  let below = 0; // true ones with a lower score
  let pending = 0;
  for (const [i, { score, isTrue }] of sorted.entries()) {
    if (i === 0 || score !== sorted[i - 1].score) {
      below += pending;
      pending = 0;
      const found = positives - below;
      precision.push(found / (sorted.length - i));
      recall.push(found / (positives + missed));
    }
    if (isTrue) pending++;
  }
  precision.push(1); // the curve begins at recall 0
  recall.push(0);
  // recalls descend: the width of a step is half of that between its neighbours, the ends being doubled
  return precision.reduce((sum, value, i) => {
    const before = recall[Math.max(0, i - 1)];
    const after = i + 1 < recall.length ? recall[i + 1] : 0;
    return sum + value * 0.5 * (before - after);
  }, 0);
}
