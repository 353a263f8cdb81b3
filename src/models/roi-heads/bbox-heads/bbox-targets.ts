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
  return {
    rois,
    labels,
    positives: Int32Array.from(positives),
    boxes: Float32Array.from(boxes),
    positiveWeight: positiveWeight > 0 ? positiveWeight : 1,
  };
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
    positives: targets.positives.map((i) => place[i]),
  };
}
