// Targets of the losses of a batch: N images, T priors each, C classes; a row is image * T + prior. Plain arrays.

import { meanOverRanks } from '../../ops/over-ranks';
import { joinArrays } from '../join-arrays';
import type { ImageTargets } from './image-targets';

export interface BatchTargets {
  /** Rows that the classification loss reads; all N * T when absent. */
  rows?: Int32Array;
  /** Of each of these rows; C for background. */
  labels: Int32Array;
  /** Of each of these rows; 0 for priors that are neither positive nor negative. */
  labelWeights: Float32Array;
  /** Rows of the P positives, rising. */
  positives: Int32Array;
  /** What the box loss compares [P, 4]. */
  boxes: Float32Array;
  /** What the assigner gives of the positives, see AssignResult [P]. */
  overlaps: Float32Array;
  metrics?: Float32Array;
  scores?: Float32Array;
  /** Factor on the box loss of each positive [P], where the ground truth has them; `labelWeights` has it in it. */
  boxWeights?: Float32Array;
  /** Divisor of the losses. */
  avgFactor: number;
  images: readonly ImageTargets[];
}

export interface BatchTargetsOptions {
  /** T. */
  total: number;
  numClasses: number;
  /** Weight of positives in the classification loss. */
  positiveWeight: number;
}

/** Targets of every prior. */
export function batchTargets(images: readonly ImageTargets[], options: BatchTargetsOptions): BatchTargets {
  const { total, numClasses, positiveWeight } = options;
  const labels = new Int32Array(images.length * total).fill(numClasses);
  const labelWeights = new Float32Array(labels.length);
  for (const [i, { positive, negative, labels: classes, weights }] of images.entries()) {
    for (const k of negative) labelWeights[i * total + k] = 1;
    for (const [j, k] of positive.entries()) {
      labels[i * total + k] = classes[j];
      labelWeights[i * total + k] = positiveWeight * (weights?.[j] ?? 1);
    }
  }
  return { labels, labelWeights, ...positiveTargets(images, total) };
}

/** Targets of the sampled priors alone, positives first: where few are sampled, the losses read no others. */
export function sampledTargets(images: readonly ImageTargets[], options: BatchTargetsOptions): BatchTargets {
  const { total, numClasses, positiveWeight } = options;
  const targets = positiveTargets(images, total);
  const count = targets.positives.length;
  const negatives = images.flatMap((t, i) => Array.from(t.negative, (k) => i * total + k));
  const labels = new Int32Array(count + negatives.length).fill(numClasses);
  labels.set(images.flatMap((t) => [...t.labels]));
  const labelWeights = new Float32Array(labels.length).fill(1).fill(positiveWeight, 0, count);
  const { boxWeights } = targets;
  if (boxWeights) labelWeights.set(boxWeights.map((weight) => weight * positiveWeight));
  return { rows: Int32Array.from([...targets.positives, ...negatives]), labels, labelWeights, ...targets };
}

/** With the mean of the divisor over the processes of a run. */
export const averagedTargets = (targets: BatchTargets): BatchTargets => ({
  ...targets,
  avgFactor: meanOverRanks(targets.avgFactor),
});

const weightsOf = ({ labels, weights = new Float32Array(labels.length).fill(1) }: ImageTargets): Float32Array =>
  weights;

function positiveTargets(images: readonly ImageTargets[], total: number) {
  const optional = (name: 'metrics' | 'scores') => {
    const parts = images.flatMap((image) => image[name] ?? []);
    return parts.length === images.length ? joinArrays(parts) : undefined;
  };
  return {
    positives: Int32Array.from(images.flatMap((t, i) => Array.from(t.positive, (k) => i * total + k))),
    boxes: joinArrays(images.map(({ boxes }) => boxes)),
    overlaps: joinArrays(images.map(({ overlaps }) => overlaps)),
    metrics: optional('metrics'),
    scores: optional('scores'),
    ...(images.some(({ weights }) => weights) && { boxWeights: joinArrays(images.map(weightsOf)) }),
    avgFactor: images.reduce((sum, t) => sum + t.avgFactor, 0),
    images,
  };
}
