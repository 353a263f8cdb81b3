// What dense heads that predict the parameters of masks (YOLACT, CondInst) hand to the mask head beside them.
// N images, T priors over all levels, K parameters of a mask.

import * as tf from '@tensorflow/tfjs';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { toInstances } from '../task-modules';
import type { DetBatch, FoundInstances, MaskInstances, PositiveInstances } from '../types';
import type { ImageTargets } from './image-targets';

/** The parameters of all priors of a batch, and the priors themselves. */
export interface MaskParameters {
  /** [N, T, K]. */
  table: tf.Tensor3D;
  /** [T, 4]. */
  priors: Float32Array;
}

/** Those of some priors of an image. */
function instancesAt(
  { table, priors }: MaskParameters,
  image: number,
  rows: Int32Array,
): Omit<MaskInstances, 'bboxes'> {
  const [, total, count] = table.shape;
  const flat = table.reshape<tf.Tensor2D>([-1, count]);
  const places = rows.map((row) => image * total + row);
  const parameters = rows.length > 0 ? tf.gather(flat, tf.tensor1d(places, 'int32')) : tf.zeros<tf.Rank.R2>([0, count]);
  return { parameters, priors: takeBoxes(priors, rows) };
}

/**
 * The positives of a training batch.
 * @param images targets of each image
 * @param confidences of priors of an image
 */
export const positiveInstances = (
  parameters: MaskParameters,
  images: readonly ImageTargets[],
  batch: DetBatch,
  confidences: (image: number, rows: Int32Array) => Float32Array,
): PositiveInstances[] =>
  images.map(({ positive, truths }, i) => {
    const { truths: all, meta } = batch.samples[i];
    return {
      ...instancesAt(parameters, i, positive),
      bboxes: takeBoxes(toInstances(all, meta.imgPath).bboxes, truths),
      truths,
      confidences: () => confidences(i, positive),
    };
  });

/** Detections of each image, and the prior of each. */
export const foundInstances = (
  parameters: MaskParameters,
  found: readonly { detections: Detections; priors: Int32Array }[],
): FoundInstances => ({
  detections: found.map(({ detections }) => detections),
  instances: found.map(({ detections: { bboxes }, priors }, i) => ({ ...instancesAt(parameters, i, priors), bboxes })),
});

/** The first hundred priors of each image, in place of instances. */
export const firstInstances = (parameters: MaskParameters): MaskInstances[] => {
  const [count, total] = parameters.table.shape;
  const rows = Int32Array.from({ length: Math.min(total, 100) }, (_, k) => k);
  return Array.from({ length: count }, (_, i) => ({
    ...instancesAt(parameters, i, rows),
    bboxes: new Float32Array(4 * rows.length),
  }));
};
