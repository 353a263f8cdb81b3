// What the losses of masks of a dense head's instances (YOLACT, CondInst, BoxInst) share: ground truth of an image, and which of
// its positives are compared.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { padMasks, type Rle, toRles } from '../../masks';
import { requireMasks } from '../require-masks';
import { type Instances, toInstances } from '../task-modules';
import type { DetBatch, PositiveInstances } from '../types';

/** The masks of the objects of an image, in the frame of the batch. */
export interface MaskTruths {
  instances: Instances;
  rles: Rle[];
}

export function maskTruths(batch: DetBatch, i: number): MaskTruths {
  const { truths, meta } = batch.samples[i];
  const instances = toInstances(truths, meta.imgPath);
  if (instances.labels.length === 0) return { instances, rles: [] };
  return { instances, rles: toRles(padMasks(requireMasks(instances, batch, i), ...batch.batchShape)) };
}

/** @throws DetLabError for a mask head without the dense head that it belongs to */
export function requireInstances<T>(instances: T | undefined, head: string): T {
  if (instances) return instances;
  throw new DetLabError(`Cannot run ${head}: it masks the instances of a bbox_head, but was given none`);
}

/** Some of the positives of an image: their parameters, places and ground truth. */
export function takePositives(
  { parameters, priors, bboxes, truths }: PositiveInstances,
  rows: Int32Array,
): Pick<PositiveInstances, 'parameters' | 'priors' | 'bboxes' | 'truths'> {
  if (rows.length === truths.length) return { parameters, priors, bboxes, truths };
  const boxes = (values: Float32Array) => {
    const out = new Float32Array(4 * rows.length);
    for (const [k, row] of rows.entries()) out.set(values.subarray(4 * row, 4 * row + 4), 4 * k);
    return out;
  };
  return {
    parameters: tf.gather(parameters, tf.tensor1d(rows, 'int32')),
    priors: boxes(priors),
    bboxes: boxes(bboxes),
    truths: rows.map((row) => truths[row]),
  };
}
