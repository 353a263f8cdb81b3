// From class probabilities and deltas of one image's regions to detections. Only pairs of region and class above the
// score threshold are decoded; the numbers are those of decoding all of them and then calling multiclass NMS.

import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { clipBoxes, scaleBoxes, takeBoxes } from '../../geometry/boxes';
import { batchedNms, type NmsConfig } from '../../ops';
import { nmsOption } from '../shared-options/nms-option';
import type { BoxCoder } from '../task-modules';

/** `test_cfg.rcnn`. */
export const regionTestCfg = z.strictObject({
  score_thr: z.number().describe('Detections of lower score are dropped'),
  nms: nmsOption.describe('Suppression among the boxes of one class'),
  max_per_img: z.number().int().default(-1).describe('Detections of an image; -1 for all'),
  mask_thr_binary: z.number().min(0).max(1).optional().describe('Probability from which a pixel belongs to the mask'),
});
export type RegionTestCfg = z.output<typeof regionTestCfg>;

export interface Regions {
  /** Flat xyxy, in pixels of the network's input. */
  boxes: Float32Array;
  /** Probabilities [K, classes + 1], the last one the background. */
  scores: Float32Array;
  /** [K, classes * 4] or [K, 4]; without them the regions themselves are the boxes. */
  deltas?: Float32Array;
}

export function regionDetections(
  { boxes, scores, deltas }: Regions,
  coder: BoxCoder,
  classes: number,
  meta: ImageMeta,
  cfg: RegionTestCfg,
  rescale: boolean,
): Detections {
  const count = boxes.length / 4;
  const threshold = Math.fround(cfg.score_thr);
  const regions: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < count; i++)
    for (let c = 0; c < classes; c++)
      if (scores[i * (classes + 1) + c] > threshold) {
        regions.push(i);
        labels.push(c);
      }
  const perClass = deltas !== undefined && deltas.length > boxes.length;
  const own = takeBoxes(boxes, regions);
  let found = deltas
    ? coder.decode(own, takeBoxes(deltas, perClass ? regions.map((i, k) => i * classes + labels[k]) : regions), {
        maxShape: meta.imgShape,
      })
    : clipBoxes(own, meta.imgShape);
  if (rescale) found = scaleBoxes(found, [1 / meta.scaleFactor[0], 1 / meta.scaleFactor[1]]);
  const candidates = Float32Array.from(regions, (i, k) => scores[i * (classes + 1) + labels[k]]);
  const kept = batchedNms(found, candidates, Int32Array.from(labels), cfg.nms as NmsConfig);
  const take = cfg.max_per_img > 0 ? Math.min(cfg.max_per_img, kept.keep.length) : kept.keep.length;
  return {
    bboxes: kept.bboxes.slice(0, 4 * take),
    scores: kept.scores.slice(0, take),
    labels: Int32Array.from(kept.keep.subarray(0, take), (k) => labels[k]),
  };
}
