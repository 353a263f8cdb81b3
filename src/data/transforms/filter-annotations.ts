// FilterAnnotations (MMDetection 3.x and MMYOLO): drops boxes and masks that are too small, or objects without a visible keypoint. As there, `keep_empty: true` discards a
// sample without remaining ground truth, and false keeps it.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { boxesWhere } from '../../geometry/boxes';
import { visibleCounts } from '../../geometry/keypoints';
import { rleArea, toRles } from '../../masks';
import { takeInstances } from '../instances';
import { type Transform, truthsOf } from './sample';

export const FilterAnnotations = defineModule({
  kind: 'transform',
  type: 'FilterAnnotations',
  summary: 'Drops objects whose box or mask is too small, or that have no visible keypoint',
  origin: 'MMDetection',
  shapes: 'truths [n] -> truths [m <= n]',
  example: "{ type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false }",
  options: z.strictObject({
    min_gt_bbox_wh: z
      .tuple([z.number(), z.number()])
      .default([1, 1])
      .describe('Boxes must be wider and higher than this, pixels'),
    min_gt_mask_area: z.number().default(1).describe('Minimum area of a mask, pixels'),
    by_box: z.boolean().default(true).describe('Filter by box size'),
    by_mask: z.boolean().default(false).describe('Filter by mask area'),
    by_keypoints: z.boolean().default(false).describe('Drop objects without a visible keypoint (MMYOLO)'),
    keep_empty: z.boolean().default(true).describe('Discard a sample without remaining objects; false: keep it'),
  }),
  build: (o): Transform => {
    if (!o.by_box && !o.by_mask && !o.by_keypoints)
      throw new DetLabError(
        'Cannot build FilterAnnotations: expected by_box, by_mask or by_keypoints to be true, all are false',
      );
    return (sample) => {
      const truths = truthsOf(sample);
      if (truths.labels.length === 0) return sample;
      if (o.by_mask && !truths.masks)
        throw new DetLabError(
          'Cannot run FilterAnnotations: by_mask needs masks, received none. Set with_mask: true in LoadAnnotations',
        );
      if (o.by_keypoints && !truths.keypoints)
        throw new DetLabError(
          'Cannot run FilterAnnotations: by_keypoints needs keypoints, received none. Set with_keypoints: true in LoadAnnotations',
        );
      const visible = o.by_keypoints ? visibleCounts(truths.keypoints!) : undefined;
      const areas = o.by_mask ? toRles(truths.masks!).map(rleArea) : undefined;
      const { rboxes } = truths;
      const kept = boxesWhere(
        truths.bboxes,
        (x1, y1, x2, y2, i) =>
          (!o.by_box ||
            ((rboxes?.[5 * i + 2] ?? Math.fround(x2 - x1)) > o.min_gt_bbox_wh[0] &&
              (rboxes?.[5 * i + 3] ?? Math.fround(y2 - y1)) > o.min_gt_bbox_wh[1])) &&
          (!areas || areas[i] >= o.min_gt_mask_area) &&
          (!visible || visible[i] > 0),
      );
      if (kept.length === 0 && o.keep_empty) return undefined;
      sample.truths = takeInstances(truths, kept);
      return sample;
    };
  },
});
