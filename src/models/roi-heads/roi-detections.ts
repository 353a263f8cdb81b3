// From class scores and deltas of RoIs to detections. Only (RoI, class) pairs above the score threshold are decoded;
// the numbers are those of decoding all of them and then calling multiclass NMS.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { clipBoxes, scaleBoxes, takeBoxes, takeRows } from '../../geometry/boxes';
import { batchedNms, type NmsConfig } from '../../ops';
import { nmsOption } from '../shared-options/nms-option';
import type { BoxCoder } from '../task-modules';
import type { DetBatch } from '../types';
import { probabilitiesOf } from './bbox-heads/roi-classification';
import type { BoxHead, StageOutput } from './types';

/** `test_cfg.rcnn`. */
export const rcnnTestCfg = z.strictObject({
  score_thr: z.number().describe('Score threshold: detections below it are dropped'),
  nms: nmsOption.describe('Non-maximum suppression, per class'),
  max_per_img: z.number().int().default(-1).describe('Detections kept per image, best first; -1 for all'),
  mask_thr_binary: z.number().min(0).max(1).optional().describe('Probability from which a pixel belongs to the mask'),
});
export type RCNNTestCfg = z.output<typeof rcnnTestCfg>;
/** What PointRendRoIHead reads of it besides. */
export const relativesTestCfg = {
  subdivision_steps: z.number().int().positive().describe('PointRendRoIHead: times that masks are enlarged'),
  subdivision_num_points: z.number().int().positive().describe('PointRendRoIHead: points predicted anew each time'),
  scale_factor: z.number().int().positive().describe('PointRendRoIHead: factor of the enlargement'),
};
/** All that any RoI head reads: which keys a head does not know is checked when the head is. */
export const anyRcnnTestCfg = rcnnTestCfg.extend(z.strictObject(relativesTestCfg).partial().shape);
/** For messages. */
export const RCNN_TEST_EXAMPLE = "{ score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 }";

/** The RoIs of one image and what was predicted of them. */
export interface ScoredRoIs {
  /** Flat xyxy, in pixels of the network's input. */
  boxes: Float32Array;
  /** Probabilities [K, classes + 1], the last one the background. */
  scores: Float32Array;
  /** [K, classes * size] or [K, size], of the coder's size; without them the RoIs themselves are the boxes. */
  deltas?: Float32Array;
}

/** Detections of one image: threshold, decode, NMS per class, best `max_per_img`. */
export function roiDetections(
  { boxes, scores, deltas }: ScoredRoIs,
  coder: BoxCoder,
  classes: number,
  meta: ImageMeta,
  cfg: RCNNTestCfg,
  rescale: boolean,
): Detections {
  const count = boxes.length / 4;
  const threshold = Math.fround(cfg.score_thr);
  const rois: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < count; i++)
    for (let c = 0; c < classes; c++)
      if (scores[i * (classes + 1) + c] > threshold) {
        rois.push(i);
        labels.push(c);
      }
  const candidates = takeBoxes(boxes, rois);
  const size = coder.encodeSize;
  const perClass = deltas !== undefined && deltas.length > size * count;
  const codes = deltas && takeRows(deltas, perClass ? rois.map((i, k) => i * classes + labels[k]) : rois, size);
  let decoded = codes
    ? coder.decode(candidates, codes, { maxShape: meta.imgShape })
    : clipBoxes(candidates, meta.imgShape);
  if (rescale) decoded = scaleBoxes(decoded, [1 / meta.scaleFactor[0], 1 / meta.scaleFactor[1]]);
  const pairScores = Float32Array.from(rois, (i, k) => scores[i * (classes + 1) + labels[k]]);
  const factors = codes && coder.confidences?.(codes);
  if (factors) for (let k = 0; k < pairScores.length; k++) pairScores[k] *= factors[k];
  const kept = batchedNms(decoded, pairScores, Int32Array.from(labels), cfg.nms as NmsConfig);
  const take = cfg.max_per_img > 0 ? Math.min(cfg.max_per_img, kept.keep.length) : kept.keep.length;
  return {
    bboxes: kept.bboxes.slice(0, 4 * take),
    scores: kept.scores.slice(0, take),
    labels: Int32Array.from(kept.keep.subarray(0, take), (k) => labels[k]),
  };
}

/** The same for all images of a batch, from scores before softmax. */
export function batchRoIDetections(
  head: BoxHead,
  boxes: readonly Float32Array[],
  { scores, deltas }: StageOutput,
  batch: DetBatch,
  cfg: RCNNTestCfg,
  rescale: boolean,
): Detections[] {
  const total = boxes.reduce((n, ofImage) => n + ofImage.length / 4, 0);
  const probabilities =
    total > 0
      ? probabilitiesOf(head, tf.tensor2d(scores, [total, scores.length / total])).dataSync<'float32'>()
      : scores;
  let start = 0;
  return boxes.map((ofImage, i) => {
    const count = ofImage.length / 4;
    const rowsOfImage = (values: Float32Array) => {
      const columns = total > 0 ? values.length / total : 0;
      return values.subarray(start * columns, (start + count) * columns);
    };
    const rois = { boxes: ofImage, scores: rowsOfImage(probabilities), deltas: deltas && rowsOfImage(deltas) };
    start += count;
    return roiDetections(rois, head.coder, head.numClasses, batch.samples[i].meta, cfg, rescale);
  });
}
