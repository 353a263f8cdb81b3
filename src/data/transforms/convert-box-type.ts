// ConvertBoxType: makes the boxes of the ground truth upright, rotated, or boxes by their corners (MMRotate). The rotated box of four
// corners is the smallest around them.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import {
  aroundCorners,
  aroundRotated,
  cornersAsRotated,
  rotatedCorners,
  uprightAsRotated,
  uprightCorners,
} from '../../geometry/rotated-boxes';
import type { Truths } from '../types';
import type { Transform } from './sample';

/** MMDetection's names of the types of boxes. */
export const BOX_TYPES = ['hbox', 'rbox', 'qbox'] as const;
export type BoxType = (typeof BOX_TYPES)[number];

/** The same boxes as another type. */
export function convertBoxes({ rboxes, qboxes, ...truths }: Truths, type: BoxType): Truths {
  if (type === 'rbox') {
    const rotated = rboxes ?? (qboxes ? cornersAsRotated(qboxes) : uprightAsRotated(truths.bboxes));
    return { ...truths, rboxes: rotated, bboxes: aroundRotated(rotated) };
  }
  if (type === 'qbox') {
    const corners = qboxes ?? (rboxes ? rotatedCorners(rboxes) : uprightCorners(truths.bboxes));
    return { ...truths, qboxes: corners, bboxes: aroundCorners(corners) };
  }
  return truths;
}

export const ConvertBoxType = defineModule({
  kind: 'transform',
  type: 'ConvertBoxType',
  summary: 'Makes boxes upright (hbox), rotated (rbox), or boxes by their four corners (qbox)',
  origin: 'MMRotate',
  shapes: 'boxes [n, 4], [n, 5] or [n, 8] -> boxes of the other type',
  example: "{ type: 'ConvertBoxType', box_type_mapping: { gt_bboxes: 'rbox' } }",
  options: z.strictObject({
    box_type_mapping: z
      .strictObject({ gt_bboxes: z.enum(BOX_TYPES).describe('Type of the boxes of the ground truth') })
      .describe('gt_bboxes: hbox (upright), rbox (rotated) or qbox (four corners)'),
  }),
  build:
    ({ box_type_mapping: { gt_bboxes: type } }): Transform =>
    (sample) => {
      if (sample.truths) sample.truths = convertBoxes(sample.truths, type);
      return sample;
    },
});
