// From the scores of one image's priors to its detections: threshold and top-k of (prior, class) pairs level by level,
// decode, NMS by class. Only what passes the threshold is decoded. Plain arrays; T priors over all levels, C classes.

import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { scaleBoxes, shiftBoxes, takeRows as takeNumbers, takeValues } from '../../geometry/boxes';
import { ROTATED } from '../../geometry/rotated-boxes';
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
  /** Boxes, flat xyxy (or rotated) in pixels of the network's input, of the priors at these indices. */
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
export const decodeDetections = (
  candidates: Candidates,
  meta: ImageMeta,
  cfg: SuppressionCfg,
  rescale: boolean,
): Detections => selectDetections(candidates, meta, cfg, rescale).detections;

/** Detections of an image, and the prior of each. */
export interface SelectedDetections {
  detections: Detections;
  priors: Int32Array;
}

/** The same, and the prior of each. */
export function selectDetections(
  candidates: Candidates,
  meta: ImageMeta,
  cfg: SuppressionCfg,
  rescale: boolean,
): SelectedDetections {
  const { score_thr = 0, nms_pre = -1 } = cfg;
  const { priors, labels, scores } = filterScoresAndTopk(candidates, score_thr, nms_pre);
  const boxes = toFrame(candidates.decode(priors), meta, rescale);
  const { factors, combine = (score: number, factor: number) => score * factor } = candidates;
  const rated = factors ? scores.map((s, k) => combine(s, factors[priors[k]])) : scores;
  const { detections, rows } = suppressRows({ boxes, labels, scores: rated }, cfg);
  return { detections, priors: rows.map((row) => priors[row]) };
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
export const nmsAndLimit = (rows: ScoredBoxes, cfg: SuppressionCfg): Detections => suppressRows(rows, cfg).detections;

interface ScoredBoxes {
  /** Flat xyxy, or rotated. */
  boxes: Float32Array;
  scores: Float32Array;
  labels: Int32Array;
}

/** The same, and the row of each. */
export function suppressRows(
  given: ScoredBoxes,
  { min_bbox_size: min = -1, nms, max_per_img = -1 }: SuppressionCfg,
): { detections: Detections; rows: Int32Array } {
  const large = min < 0 ? undefined : largerThan(given, min);
  const { boxes, scores, labels } = large ? takeRows(given, large) : given;
  const result = batchedNms(boxes, scores, labels, nms as NmsConfig);
  const count = max_per_img >= 0 ? Math.min(max_per_img, result.keep.length) : result.keep.length;
  const keep = result.keep.subarray(0, count);
  return {
    detections: {
      bboxes: result.bboxes.slice(0, (boxes.length / Math.max(scores.length, 1)) * count),
      scores: result.scores.slice(0, count),
      labels: takeValues(labels, keep),
    },
    rows: large ? takeValues(large, keep) : Int32Array.from(keep),
  };
}

/** The rows of boxes of which both sides are longer than `min`; undefined for all of them. */
function largerThan({ boxes, scores }: ScoredBoxes, min: number): Int32Array | undefined {
  const kept = new Int32Array(scores.length);
  let count = 0;
  const width = boxes.length / Math.max(scores.length, 1);
  const side = (at: number, axis: 0 | 1) =>
    width === ROTATED ? boxes[at + 2 + axis] : Math.fround(boxes[at + 2 + axis] - boxes[at + axis]);
  for (let i = 0, at = 0; i < scores.length; i++, at += width)
    if (side(at, 0) > min && side(at, 1) > min) kept[count++] = i;
  return count === scores.length ? undefined : kept.subarray(0, count);
}

const takeRows = ({ boxes, scores, labels }: ScoredBoxes, rows: Int32Array): ScoredBoxes => ({
  boxes: takeNumbers(boxes, rows, boxes.length / Math.max(scores.length, 1)),
  scores: takeValues(scores, rows),
  labels: takeValues(labels, rows),
});
