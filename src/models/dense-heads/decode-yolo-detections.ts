// MMYOLO's post-processing: all levels compete together, and boxes are moved back by the padding that letter-boxing added,
// scaled, suppressed, then clipped to the original image.

import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { clipBoxes } from '../../geometry/boxes';
import { bestClass } from '../../ops/best-class';
import { nmsOption } from '../shared-options/nms-option';
import { type Candidates, filterScoresAndTopk, type SelectedDetections, suppressRows } from './decode-detections';
import type { Selection } from './selection';

export const yoloTestCfg = z.strictObject({
  multi_label: z.boolean().default(true).describe('Allow several classes per box'),
  nms_pre: z.number().int().default(100000).describe('Top (box, class) pairs kept before NMS'),
  min_bbox_size: z.number().default(-1).describe('Minimum width and height of a box in pixels; negative: none'),
  score_thr: z.number().default(-1).describe('Score threshold'),
  nms: nmsOption.describe('Non-maximum suppression within each class'),
  max_per_img: z.number().int().default(300).describe('Maximum number of detections per image'),
  yolox_style: z.boolean().default(false).describe('Keep all that NMS leaves, whatever max_per_img says'),
});
export type YOLOTestCfg = z.output<typeof yoloTestCfg>;

type YOLOCandidates = Omit<Candidates, 'columns'>;

/** Detections of one image, in pixels of the original image with `rescale`, else of the network's input. */
export const decodeYoloDetections = (
  candidates: YOLOCandidates,
  meta: ImageMeta,
  cfg: YOLOTestCfg,
  rescale: boolean,
): Detections => selectYoloDetections(candidates, meta, cfg, rescale).detections;

/** The same, and the prior of each. */
export function selectYoloDetections(
  candidates: YOLOCandidates,
  meta: ImageMeta,
  cfg: YOLOTestCfg,
  rescale: boolean,
): SelectedDetections {
  const { detections, priors } = selectYoloBoxes(candidates, cfg, (boxes) => {
    if (!rescale) return boxes;
    const [top, , left] = meta.padParam ?? [0, 0, 0, 0];
    const [x, y] = meta.scaleFactor.map(Math.fround);
    return boxes.map((v, i) => (i & 1 ? (v - top) / y : (v - left) / x));
  });
  return { detections: { ...detections, bboxes: clipBoxes(detections.bboxes, meta.oriShape) }, priors };
}

/** Selects and suppresses; `move` brings the boxes of the candidates to where they are suppressed. */
export function selectYoloBoxes(
  { scores, numClasses, levels, decode }: YOLOCandidates,
  cfg: YOLOTestCfg,
  move: (boxes: Float32Array) => Float32Array = (boxes) => boxes,
): SelectedDetections {
  const total = levels.reduce((sum, count) => sum + count, 0);
  const best = cfg.multi_label && numClasses > 1 ? undefined : bestClass(scores, numClasses);
  const columns = best ? 1 : numClasses;
  const pairs = filterScoresAndTopk(
    { scores: best?.scores ?? scores, columns, numClasses: columns, levels: [total] },
    cfg.score_thr,
    cfg.nms_pre,
  );
  const boxes = move(decode(pairs.priors));
  const labels = best ? pairs.priors.map((i) => best.labels[i]) : pairs.labels;
  const limited = cfg.yolox_style ? { ...cfg, max_per_img: -1 } : cfg;
  const { detections, rows } = suppressRows({ boxes, scores: pairs.scores, labels }, limited);
  return { detections, priors: rows.map((row) => pairs.priors[row]) };
}

/** How programs that cannot call it select: the same of all levels together. */
export const yoloSelection = ({ yolox_style, ...cfg }: YOLOTestCfg): Selection => ({
  rule: 'all levels',
  clips: false,
  cfg: yolox_style ? { ...cfg, max_per_img: -1 } : cfg,
});
