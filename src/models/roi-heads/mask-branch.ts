// What an RoI head does with its mask head: the loss of the positive RoIs of a batch, and the masks of its detections.

import * as tf from '@tensorflow/tfjs';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { cropAndResizeMasks, type InstanceMasks, padMasks, pasteMask, type Rle } from '../../masks';
import { meanOverRanks } from '../../ops/over-ranks';
import { joinArrays } from '../join-arrays';
import { zeroLoss } from '../losses';
import { requireMasks } from '../require-masks';
import type { Instances, SamplingResult } from '../task-modules';
import type { DetBatch } from '../types';
import type { RCNNTrainCfg } from './proposal-sampler';
import type { BoundPooler } from './roi-pooler';
import { roisOf, takeRois, unpermute } from './rois';
import type { MaskHead, StageTraining } from './types';

/** Pools RoIs and predicts a mask in each: a mask head on the features of a batch. */
export interface MaskPredictor {
  /** An order of the RoIs that spares a copy. */
  order(rois: Float32Array): Int32Array;
  /** Logits [K, H, W] of the masks of the classes `labels` [K], one for each RoI, in the order given. */
  logits(rois: Float32Array, labels: Int32Array): tf.Tensor3D;
}

export function maskPredictor(head: MaskHead, pooler: BoundPooler): MaskPredictor {
  return {
    order: (rois) => pooler.order(rois),
    logits: (rois, labels) => head.classLogits(pooler.forward(rois), labels),
  };
}

/** The positives of a batch, image by image, with the masks they should predict. */
export interface MaskTargets {
  rois: Float32Array;
  labels: Int32Array;
  /** [n, height, width] of 0 and 1. */
  masks: Float32Array;
  size: [number, number];
}

/** @throws DetLabError when masks were not loaded, or train_cfg has no mask_size. */
export function maskTargets(
  sampled: readonly SamplingResult[],
  { instances, batch }: StageTraining,
  { mask_size, soft_mask_target }: RCNNTrainCfg,
): MaskTargets {
  if (mask_size === undefined)
    throw new DetLabError('Cannot compute the mask loss: train_cfg.rcnn has no mask_size. Give one, for example 28');
  const size: [number, number] = typeof mask_size === 'number' ? [mask_size, mask_size] : mask_size;
  const boxes = sampled.map(({ priors, positive }) => takeBoxes(priors, positive));
  const masks = sampled.map(({ positiveTruth }, i) => {
    if (positiveTruth.length === 0) return new Float32Array(0);
    return cropAndResizeMasks(masksOf(instances[i], batch, i), boxes[i], positiveTruth, {
      size,
      binarize: !soft_mask_target,
    });
  });
  const labels = Int32Array.from(sampled.flatMap((s) => [...s.positiveLabels]));
  return { rois: roisOf(boxes), labels, masks: joinArrays(masks), size };
}

function masksOf(instances: Instances, batch: DetBatch, i: number): InstanceMasks {
  const masks = requireMasks(instances, batch, i);
  return batch.maskShape ? padMasks(masks, ...batch.maskShape) : masks;
}

/** The same in another order. */
export function orderTargets({ rois, labels, masks, size }: MaskTargets, order: Int32Array): MaskTargets {
  const area = size[0] * size[1];
  const sorted = new Float32Array(masks.length);
  order.forEach((from, to) => {
    sorted.set(masks.subarray(from * area, (from + 1) * area), to * area);
  });
  return { rois: takeRois(rois, order), labels: order.map((i) => labels[i]), masks: sorted, size };
}

/** Mean loss of the positives' masks of their classes; zero, with gradients of zero, when there are none. */
export function maskLoss(head: Pick<MaskHead, 'loss'>, predictor: MaskPredictor, targets: MaskTargets): tf.Scalar {
  const { labels } = targets;
  const share = labels.length / meanOverRanks(labels.length, 1);
  if (labels.length === 0) {
    const dummy = predictor.logits(new Float32Array([0, 0, 0, 1, 1]), new Int32Array(1));
    return zeroLoss(dummy);
  }
  const sorted = orderTargets(targets, predictor.order(targets.rois));
  const loss = compareMasks(head, predictor.logits(sorted.rois, sorted.labels), sorted);
  return share === 1 ? loss : tf.mul(loss, share);
}

/** The mean loss of logits [K, H, W] in the order of their targets. */
export function compareMasks(
  head: Pick<MaskHead, 'loss'>,
  logits: tf.Tensor3D,
  { labels, masks, size }: MaskTargets,
): tf.Scalar {
  if (logits.shape[1] !== size[0] || logits.shape[2] !== size[1])
    throw new DetLabError(
      `Cannot compute the mask loss: the mask head predicts ${logits.shape[1]} x ${logits.shape[2]} pixels, but ` +
        `train_cfg.rcnn.mask_size is ${size.join(' x ')}. Make the two equal`,
    );
  return head.loss(logits, tf.tensor3d(masks, [labels.length, ...size]));
}

/** Logits [K, H, W, classes] of the first hundred RoIs, in the order of the pooler: as many as are usually kept. */
export function maskLogits(head: MaskHead, pooler: BoundPooler, boxes: readonly Float32Array[]): tf.Tensor4D {
  const rois = roisOf(boxes).subarray(0, 500);
  return head.forward(pooler.forward(takeRois(rois, pooler.order(rois))));
}

/** Probabilities [n, height, width] of one mask for each box. */
export interface MaskProbabilities {
  values: Float32Array;
  size: [number, number];
  /** Factor on the score of each detection, where a head judges masks. */
  scoreFactors?: Float32Array;
}

/** The masks of the classes `labels` of boxes (flat xyxy, by image), in their order. */
export function maskProbabilities(
  predictor: MaskPredictor,
  boxes: readonly Float32Array[],
  labels: Int32Array,
): MaskProbabilities {
  const rois = roisOf(boxes);
  const order = predictor.order(rois);
  const logits = predictor.logits(
    takeRois(rois, order),
    order.map((i) => labels[i]),
  );
  const values = tf.sigmoid(logits.cast<tf.Tensor3D>('float32')).dataSync<'float32'>();
  return { values: unpermute(values, order), size: [logits.shape[1], logits.shape[2]] };
}

/**
 * Detections with their masks, pasted into the image. Boxes are given in pixels of the network's input; with `rescale`
 * boxes and masks become those of the original image.
 */
export function withMasks(
  detections: readonly Detections[],
  probabilities: (boxes: readonly Float32Array[], labels: Int32Array) => MaskProbabilities,
  batch: DetBatch,
  threshold: number | undefined,
  rescale: boolean,
): Detections[] {
  if (threshold === undefined)
    throw new DetLabError(
      'Cannot predict masks: test_cfg.rcnn has no mask_thr_binary. Give one, for example mask_thr_binary: 0.5',
    );
  const labels = Int32Array.from(detections.flatMap((ofImage) => [...ofImage.labels]));
  if (labels.length === 0) return detections.map((ofImage) => ({ ...ofImage, masks: [] }));
  const { values, size, scoreFactors } = probabilities(
    detections.map(({ bboxes }) => bboxes),
    labels,
  );
  const area = size[0] * size[1];
  let at = 0;
  return detections.map((ofImage, i) => {
    const { oriShape, scaleFactor } = batch.samples[i].meta;
    const [height, width] = rescale
      ? oriShape
      : [Math.round(oriShape[0] * scaleFactor[1]), Math.round(oriShape[1] * scaleFactor[0])];
    const start = at;
    const bboxes = rescale ? ofImage.bboxes.map((v, k) => v / Math.fround(scaleFactor[k & 1])) : ofImage.bboxes;
    const masks: Rle[] = Array.from(ofImage.labels, (_, k) => {
      const grid = values.subarray(at * area, (at + 1) * area);
      at++;
      return pasteMask(grid, size, bboxes.subarray(4 * k, 4 * k + 4), { height, width, threshold });
    });
    const found = { ...ofImage, bboxes, masks };
    return scoreFactors ? rescored(found, scoreFactors.subarray(start, at)) : found;
  });
}

/** Detections with their scores multiplied, best first. */
function rescored(found: Detections & { masks: Rle[] }, factors: Float32Array): Detections {
  const scores = found.scores.map((score, k) => score * factors[k]);
  const order = Int32Array.from(scores.keys()).sort((i, j) => scores[j] - scores[i] || i - j);
  return {
    ...found,
    scores: Float32Array.from(order, (i) => scores[i]),
    labels: order.map((i) => found.labels[i]),
    bboxes: takeBoxes(found.bboxes, order),
    masks: Array.from(order, (i) => found.masks[i]),
  };
}
