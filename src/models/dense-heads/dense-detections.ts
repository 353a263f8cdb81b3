// From the class probabilities of all priors of one image to detections: the best pairs of prior and class of every level,
// decoded, then suppressed by class. Only what passes the threshold is ever decoded. Plain arrays.

import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { scaleBoxes, takeBoxes } from '../../geometry/boxes';
import { batchedNms, type NmsConfig } from '../../ops';
import { topIndices } from '../../ops/top-indices';
import { nmsOption } from '../shared-options/nms-option';

/** `test_cfg` of a one-stage detector. */
export const denseTestCfg = z.strictObject({
  nms_pre: z.number().int().default(-1).describe('Best pairs of prior and class of each level that go on; -1 for all'),
  min_bbox_size: z.number().default(-1).describe('Smaller boxes, in pixels, are dropped; negative keeps all'),
  score_thr: z.number().default(0).describe('Pairs of lower score are dropped'),
  nms: nmsOption.describe('Suppression among the boxes of one class'),
  max_per_img: z.number().int().default(-1).describe('Detections of an image; -1 for all'),
});
export type DenseTestCfg = z.output<typeof denseTestCfg>;

export interface DenseCandidates {
  /** Probabilities [T, columns], row by prior, all levels in a row. */
  scores: Float32Array;
  /** Columns of `scores`; the first `classes` of them are classes. */
  columns: number;
  classes: number;
  /** Priors of each level. */
  levels: number[];
  /** Multiplied into the scores once they are chosen (centerness), [T]. */
  factors?: Float32Array;
  /** Boxes (flat xyxy, cut to the image) of the priors at these indices. */
  decode(priors: Int32Array): Float32Array;
}

/** Pairs above the threshold, level by level, the best `nms_pre` of each, best first. */
export function choosePairs(
  { scores, columns, classes, levels }: Omit<DenseCandidates, 'decode'>,
  threshold: number,
  limit: number,
): { priors: Int32Array; labels: Int32Array; scores: Float32Array } {
  const least = Math.fround(threshold);
  const priors: number[] = [];
  const labels: number[] = [];
  const chosen: number[] = [];
  let start = 0;
  for (const count of levels) {
    const found: number[] = [];
    for (let i = start; i < start + count; i++)
      for (let c = 0; c < classes; c++) if (scores[i * columns + c] > least) found.push(i * columns + c);
    const values = Float32Array.from(found, (at) => scores[at]);
    for (const k of topIndices(values, limit >= 0 ? Math.min(limit, found.length) : found.length)) {
      priors.push(Math.floor(found[k] / columns));
      labels.push(found[k] % columns);
      chosen.push(values[k]);
    }
    start += count;
  }
  return { priors: Int32Array.from(priors), labels: Int32Array.from(labels), scores: Float32Array.from(chosen) };
}

export function denseDetections(
  candidates: DenseCandidates,
  meta: ImageMeta,
  cfg: DenseTestCfg,
  rescale: boolean,
): Detections {
  const pairs = choosePairs(candidates, cfg.score_thr, cfg.nms_pre);
  let boxes = candidates.decode(pairs.priors);
  if (rescale) boxes = scaleBoxes(boxes, [1 / meta.scaleFactor[0], 1 / meta.scaleFactor[1]]);
  const { factors } = candidates;
  const scores = factors ? pairs.scores.map((s, k) => s * factors[pairs.priors[k]]) : pairs.scores;
  return suppressed({ boxes, scores, labels: pairs.labels }, cfg);
}

/** Drops small boxes, suppresses by class and keeps the best `max_per_img`. */
export function suppressed(
  { boxes, scores, labels }: { boxes: Float32Array; scores: Float32Array; labels: Int32Array },
  { min_bbox_size: least, nms, max_per_img }: Pick<DenseTestCfg, 'min_bbox_size' | 'nms' | 'max_per_img'>,
): Detections {
  const large = (i: number) =>
    Math.fround(boxes[4 * i + 2] - boxes[4 * i]) > least && Math.fround(boxes[4 * i + 3] - boxes[4 * i + 1]) > least;
  const kept = Int32Array.from(scores.keys()).filter((i) => least < 0 || large(i));
  const result = batchedNms(
    takeBoxes(boxes, kept),
    Float32Array.from(kept, (i) => scores[i]),
    kept.map((i) => labels[i]),
    nms as NmsConfig,
  );
  const take = max_per_img >= 0 ? Math.min(max_per_img, result.keep.length) : result.keep.length;
  return {
    bboxes: result.bboxes.slice(0, 4 * take),
    scores: result.scores.slice(0, take),
    labels: Int32Array.from(result.keep.subarray(0, take), (k) => labels[kept[k]]),
  };
}
