// MMYOLO's way from scores and boxes to detections: all levels compete together, and boxes are moved back by the padding
// that letter-boxing added, scaled, suppressed, then cut to the original image.

import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { nmsOption } from '../shared-options/nms-option';
import { choosePairs, suppressed } from './dense-detections';

export const yoloTestCfg = z.strictObject({
  multi_label: z.boolean().default(true).describe('A box may be found under several classes'),
  nms_pre: z.number().int().default(100000).describe('Best pairs of box and class that go on'),
  min_bbox_size: z.number().default(-1).describe('Smaller boxes, in pixels, are dropped; negative keeps all'),
  score_thr: z.number().default(-1).describe('Pairs of lower score are dropped'),
  nms: nmsOption.describe('Suppression among the boxes of one class'),
  max_per_img: z.number().int().default(300).describe('Detections of an image'),
});
export type YOLOTestCfg = z.output<typeof yoloTestCfg>;

export interface YOLOCandidates {
  /** Probabilities [T, classes]. */
  scores: Float32Array;
  /** Flat xyxy, in pixels of the network's input. */
  boxes: Float32Array;
  classes: number;
}

export function yoloDetections(
  { scores, boxes, classes }: YOLOCandidates,
  meta: ImageMeta,
  cfg: YOLOTestCfg,
  rescale: boolean,
): Detections {
  const total = boxes.length / 4;
  const several = cfg.multi_label && classes > 1;
  const best = several ? undefined : bestClasses(scores, classes);
  const pairs = choosePairs(
    { scores: best?.scores ?? scores, columns: several ? classes : 1, classes: several ? classes : 1, levels: [total] },
    cfg.score_thr,
    cfg.nms_pre,
  );
  let found = takeBoxes(boxes, pairs.priors);
  if (rescale) {
    const [top, , left] = meta.padParam ?? [0, 0, 0, 0];
    const [x, y] = meta.scaleFactor.map(Math.fround);
    found = found.map((v, i) => (i & 1 ? (v - top) / y : (v - left) / x));
  }
  const labels = best ? pairs.priors.map((i) => best.labels[i]) : pairs.labels;
  const result = suppressed({ boxes: found, scores: pairs.scores, labels }, cfg);
  const [height, width] = meta.oriShape;
  return { ...result, bboxes: result.bboxes.map((v, i) => Math.min(Math.max(v, 0), i & 1 ? height : width)) };
}

function bestClasses(scores: Float32Array, classes: number): { scores: Float32Array; labels: Int32Array } {
  const labels = new Int32Array(scores.length / classes);
  for (let i = 0; i < labels.length; i++)
    for (let c = 1; c < classes; c++) if (scores[i * classes + c] > scores[i * classes + labels[i]]) labels[i] = c;
  return { scores: Float32Array.from(labels, (c, i) => scores[i * classes + c]), labels };
}
