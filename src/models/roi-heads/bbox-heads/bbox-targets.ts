// Classification and regression targets of the sampled RoIs of a batch: plain arrays, computed on the CPU.

import { takeBoxes } from '../../../geometry/boxes';
import type { BoxCoder, SamplingResult } from '../../task-modules';

export interface BBoxTargets {
  /** Flat, five numbers each: image, x1, y1, x2, y2. */
  rois: Float32Array;
  /** Class of each RoI; the number of classes stands for the background. */
  labels: Int32Array;
  /** Indices of the RoIs with a box target. */
  positives: Int32Array;
  /** Box targets of the positives: coded, or in pixels where the loss works on decoded boxes; four numbers each. */
  boxes: Float32Array;
  positiveWeight: number;
  /** Weight of each RoI in the classification loss, in place of `positiveWeight` for the positives and 1 for others. */
  labelWeights?: Float32Array;
  /** Factor on the box loss of each positive, where the ground truth has them; `labelWeights` has it in it. */
  boxWeights?: Float32Array;
}

export interface BBoxTargetOptions {
  coder: BoxCoder;
  decoded: boolean;
  classes: number;
  /** `pos_weight` of train_cfg: 1 unless above 0. */
  positiveWeight: number;
}

/** Image by image, positives before negatives. */
export function bboxTargets(sampled: SamplingResult[], options: BBoxTargetOptions): BBoxTargets {
  const { coder, decoded, classes, positiveWeight } = options;
  const count = sampled.reduce((n, s) => n + s.positive.length + s.negative.length, 0);
  const rois = new Float32Array(5 * count);
  const labels = new Int32Array(count).fill(classes);
  const positives: number[] = [];
  const boxes: number[] = [];
  let at = 0;
  for (const [image, { priors, positive, negative, positiveBoxes, positiveLabels }] of sampled.entries()) {
    const targets = decoded ? positiveBoxes : coder.encode(takeBoxes(priors, positive), positiveBoxes);
    for (const value of targets) boxes.push(value);
    labels.set(positiveLabels, at);
    for (let k = 0; k < positive.length; k++) positives.push(at + k);
    for (const prior of [...positive, ...negative]) {
      rois[5 * at] = image;
      rois.set(priors.subarray(4 * prior, 4 * prior + 4), 5 * at + 1);
      at++;
    }
  }
  const targets: BBoxTargets = {
    rois,
    labels,
    positives: Int32Array.from(positives),
    boxes: Float32Array.from(boxes),
    positiveWeight: positiveWeight > 0 ? positiveWeight : 1,
  };
  if (sampled.some(({ positiveWeights }) => positiveWeights))
    targets.boxWeights = Float32Array.from(
      sampled.flatMap(({ positive, positiveWeights }) => Array.from(positive, (_, k) => positiveWeights?.[k] ?? 1)),
    );
  if (targets.boxWeights || sampled.some(({ negativeWeights }) => negativeWeights))
    targets.labelWeights = labelWeights(targets, sampled);
  return targets;
}

/** Weights of all RoIs, with those of the negatives that a sampler gave and of the positives that the ground truth has. */
function labelWeights(targets: BBoxTargets, sampled: readonly SamplingResult[]): Float32Array {
  const weights = labelWeightsOf(targets);
  for (const [k, i] of targets.positives.entries()) weights[i] *= targets.boxWeights?.[k] ?? 1;
  let at = 0;
  for (const { positive, negative, negativeWeights } of sampled) {
    if (negativeWeights) weights.set(negativeWeights, at + positive.length);
    at += positive.length + negative.length;
  }
  return weights;
}

/** Weight of each RoI in the classification loss: a copy. */
export function labelWeightsOf({ labels, positives, positiveWeight, labelWeights }: BBoxTargets): Float32Array {
  if (labelWeights) return labelWeights.slice();
  const weights = new Float32Array(labels.length).fill(1);
  for (const i of positives) weights[i] = positiveWeight;
  return weights;
}

/** The same RoIs in another order. */
export function reorder(targets: BBoxTargets, order: Int32Array): BBoxTargets {
  const rois = new Float32Array(targets.rois.length);
  const place = new Int32Array(order.length);
  order.forEach((from, to) => {
    rois.set(targets.rois.subarray(5 * from, 5 * from + 5), 5 * to);
    place[from] = to;
  });
  return {
    ...targets,
    rois,
    labels: order.map((from) => targets.labels[from]),
    ...(targets.labelWeights && { labelWeights: Float32Array.from(order, (from) => targets.labelWeights![from]) }),
    positives: targets.positives.map((i) => place[i]),
  };
}
