// From the scores of one image's priors to its detections: threshold and top-k of (prior, class) pairs level by level,
// decode, NMS by class. Only what passes the threshold is decoded. Plain arrays; T priors over all levels, C classes.

import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { scaleBoxes, shiftBoxes, takeBoxes } from '../../geometry/boxes';
import { batchedNms, type NmsConfig } from '../../ops';
import { topIndices } from '../../ops/top-indices';
import { nmsOption } from '../shared-options/nms-option';
import { levelSpans } from './image-rows';

/** `test_cfg` of a one-stage detector. */
export const denseTestCfg = z.strictObject({
  nms_pre: z.number().int().default(-1).describe('Top (prior, class) pairs kept per level before decoding; -1: all'),
  min_bbox_size: z.number().default(-1).describe('Minimum width and height of a box in pixels; negative: none'),
  score_thr: z.number().default(0).describe('Score threshold'),
  nms: nmsOption.describe('Non-maximum suppression within each class'),
  max_per_img: z.number().int().default(-1).describe('Maximum number of detections per image; -1: all'),
});
export type DenseTestCfg = z.output<typeof denseTestCfg>;
/** What any post-processing reads of it. */
export type SuppressionCfg = Pick<DenseTestCfg, 'nms'> & Partial<DenseTestCfg>;

/** The predictions of one image. */
export interface Candidates {
  /** Probabilities [T, columns]; the first `numClasses` columns are classes. */
  scores: Float32Array;
  columns: number;
  numClasses: number;
  /** Priors of each level. */
  levels: readonly number[];
  /** Factors on the selected scores [T]: centerness, objectness. */
  factors?: Float32Array;
  /** Of a score and its factor; their product when absent. */
  combine?(score: number, factor: number): number;
  /** Boxes, flat xyxy in pixels of the network's input, of the priors at these indices. */
  decode(priors: Int32Array): Float32Array;
}

/** (prior, class) pairs above the threshold, level by level, the best `limit` of each (all if negative), best first. */
export function filterScoresAndTopk(
  { scores, columns, numClasses, levels }: Pick<Candidates, 'scores' | 'columns' | 'numClasses' | 'levels'>,
  threshold: number,
  limit: number,
): { priors: Int32Array; labels: Int32Array; scores: Float32Array } {
  const min = Math.fround(threshold);
  const priors: number[] = [];
  const labels: number[] = [];
  const selected: number[] = [];
  for (const [start, end] of levelSpans(levels)) {
    const above: number[] = [];
    if (columns === numClasses) {
      // of hundreds of thousands of scores few pass: one loop over all
      for (let at = start * columns; at < end * columns; at++) if (scores[at] > min) above.push(at);
    } else {
      for (let i = start; i < end; i++)
        for (let c = 0; c < numClasses; c++) if (scores[i * columns + c] > min) above.push(i * columns + c);
    }
    const values = Float32Array.from(above, (at) => scores[at]);
    for (const k of topIndices(values, limit >= 0 ? Math.min(limit, above.length) : above.length)) {
      priors.push(Math.floor(above[k] / columns));
      labels.push(above[k] % columns);
      selected.push(values[k]);
    }
  }
  return { priors: Int32Array.from(priors), labels: Int32Array.from(labels), scores: Float32Array.from(selected) };
}

/** Detections of one image; in pixels of the original image with `rescale`, else of the network's input. */
export function decodeDetections(
  candidates: Candidates,
  meta: ImageMeta,
  cfg: SuppressionCfg,
  rescale: boolean,
): Detections {
  const { score_thr = 0, nms_pre = -1 } = cfg;
  const { priors, labels, scores } = filterScoresAndTopk(candidates, score_thr, nms_pre);
  const boxes = toFrame(candidates.decode(priors), meta, rescale);
  const { factors, combine = (score: number, factor: number) => score * factor } = candidates;
  const rated = factors ? scores.map((s, k) => combine(s, factors[priors[k]])) : scores;
  return nmsAndLimit({ boxes, labels, scores: rated }, cfg);
}

/** Boxes in pixels of the network's input, in those of the original image with `rescale`. */
export function toFrame(
  boxes: Float32Array,
  { scaleFactor: [x, y], padParam }: ImageMeta,
  rescale: boolean,
): Float32Array {
  if (!rescale) return boxes;
  const [top, , left] = padParam ?? [0, 0, 0, 0];
  return scaleBoxes(padParam ? shiftBoxes(boxes, -left, -top) : boxes, [1 / x, 1 / y]);
}

/** Drops boxes below the minimum size, suppresses by label and keeps the best `max_per_img`. */
export function nmsAndLimit(
  { boxes, scores, labels }: { boxes: Float32Array; scores: Float32Array; labels: Int32Array },
  { min_bbox_size: min = -1, nms, max_per_img = -1 }: SuppressionCfg,
): Detections {
  const large = (i: number) =>
    Math.fround(boxes[4 * i + 2] - boxes[4 * i]) > min && Math.fround(boxes[4 * i + 3] - boxes[4 * i + 1]) > min;
  const kept = Int32Array.from(scores.keys()).filter((i) => min < 0 || large(i));
  const result = batchedNms(
    takeBoxes(boxes, kept),
    Float32Array.from(kept, (i) => scores[i]),
    kept.map((i) => labels[i]),
    nms as NmsConfig,
  );
  const count = max_per_img >= 0 ? Math.min(max_per_img, result.keep.length) : result.keep.length;
  return {
    bboxes: result.bboxes.slice(0, 4 * count),
    scores: result.scores.slice(0, count),
    labels: Int32Array.from(result.keep.subarray(0, count), (k) => labels[kept[k]]),
  };
}
