// Targets of one image: its ground truth assigned to priors and sampled. Plain arrays, computed on the CPU.

import { takeBoxes } from '../../geometry/boxes';
import type { Assigner, AssignInput, AssignResult, Predictions, Sampler } from '../task-modules';

/** Positives (P) are priors assigned to a ground-truth box; indices are among all priors of the image. */
export interface ImageTargets {
  positive: Int32Array; // [P]
  negative: Int32Array;
  labels: Int32Array; // [P]
  /** What the box loss compares: coded boxes, or ground-truth boxes where it compares decoded ones. */
  boxes: Float32Array; // [P, 4]
  /** Index of the ground truth of each positive, and the number of ground-truth boxes. */
  truths: Int32Array; // [P]
  numTruths: number;
  /** What the assigner gives of the positives, see AssignResult. */
  overlaps: Float32Array; // [P]
  metrics?: Float32Array; // [P]
  scores?: Float32Array; // [P]
  /** Factor on the losses of each positive, where the ground truth has them. */
  weights?: Float32Array; // [P]
  /** (prior, label) pairs excluded from the classification loss. */
  ignoredLabels?: Int32Array; // [pairs, 2]
  /** Priors and ground-truth boxes [pairs, 4] that the box loss compares in place of the positives. */
  boxPairs?: { priors: Int32Array; boxes: Float32Array };
  /** Divisor of the losses. */
  avgFactor: number;
}

export interface TargetParts {
  assigner: Assigner;
  sampler: Sampler;
  /** What the box loss compares for ground-truth boxes [n, 4] and the indices of their priors [n]. */
  boxTargets(boxes: Float32Array, priors: Int32Array): Float32Array;
}

/**
 * @param inside indices of the priors that may be assigned; all when absent
 * @param watch receives what was assigned, indices being among `inside`, and the positives among all priors
 */
export function imageTargets(
  { assigner, sampler, boxTargets }: TargetParts,
  input: AssignInput,
  inside?: Int32Array,
  watch?: (assigned: AssignResult, positive: Int32Array) => void,
): ImageTargets {
  const candidates = inside ? insideInput(input, inside) : input;
  const { priors, instances, random } = candidates;
  const assigned = assigner.assign(candidates);
  const sampled = sampler.sample({ assigned, priors, instances, random });
  const { positiveBoxes, positiveLabels, positiveTruth, avgFactor } = sampled;
  const among = (indices: Int32Array) => (inside ? indices.map((i) => inside[i]) : indices);
  const positive = among(sampled.positive);
  watch?.(assigned, positive);
  const atPositives = (values: Float32Array) => Float32Array.from(sampled.positive, (i) => values[i]);
  const { ignoredLabels: ignored, metrics, scores, boxPairs: pairs } = assigned;
  return {
    positive,
    negative: among(sampled.negative),
    labels: positiveLabels,
    boxes: boxTargets(positiveBoxes, positive),
    truths: positiveTruth,
    numTruths: instances.labels.length,
    overlaps: atPositives(assigned.maxOverlaps),
    metrics: metrics && atPositives(metrics),
    scores: scores && atPositives(scores),
    ...(sampled.positiveWeights && { weights: sampled.positiveWeights }),
    ignoredLabels: inside && ignored ? ignored.map((v, k) => (k & 1 ? v : inside[v])) : ignored,
    boxPairs: pairs && {
      priors: among(pairs.filter((_, k) => k % 2 === 0)),
      boxes: takeBoxes(
        instances.bboxes,
        pairs.filter((_, k) => k % 2 === 1),
      ),
    },
    avgFactor,
  };
}

/** The same image with the priors at `inside` (rising) alone. */
function insideInput(input: AssignInput, inside: Int32Array): AssignInput {
  const { priors, strides, levels, predictions, approxs } = input;
  return {
    ...input,
    priors: takeBoxes(priors, inside),
    strides: strides && Float32Array.from(inside, (i) => strides[i]),
    approxs: approxs && takeRows(approxs, (4 * approxs.length) / priors.length, inside),
    levels: levelCounts(inside, levels),
    predictions: predictions && takePredictions(predictions, inside),
  };
}

function takePredictions(all: Predictions, rows: Int32Array): Predictions {
  const take = (values: Float32Array | undefined) => values && takeRows(values, values.length / all.count, rows);
  return {
    ...all,
    count: rows.length,
    scores: take(all.scores),
    logits: take(all.logits),
    boxes: take(all.boxes),
    masks: take(all.masks),
    keypoints: take(all.keypoints),
  };
}

function takeRows(values: Float32Array, columns: number, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * columns);
  for (const [k, row] of rows.entries()) out.set(values.subarray(row * columns, (row + 1) * columns), k * columns);
  return out;
}

/** Number of the priors at `indices` (rising) on each level. */
function levelCounts(indices: Int32Array, counts: readonly number[]): number[] {
  const inside = counts.map(() => 0);
  let level = 0;
  let end = counts[0];
  for (const i of indices) {
    while (i >= end) end += counts[++level];
    inside[level]++;
  }
  return inside;
}
