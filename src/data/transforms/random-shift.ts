// RandomShift (MMDetection 3.x; Chen et al., YOLOF, CVPR 2021): shifts the image by some pixels and fills the gap with
// black, unless no box would remain. Masks, which MMDetection does not shift, are shifted too.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesWhere, clipBoxes, shiftBoxes } from '../../geometry/boxes';
import { placeMasks } from '../../masks';
import { takeInstances } from '../instances';
import { pastePixels, solidImage } from '../pixels/pixel-image';
import { pixelsOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject({
  prob: z.number().min(0).max(1).default(0.5).describe('Probability'),
  max_shift_px: z.number().int().nonnegative().default(32).describe('Maximum shift in each direction, pixels'),
  filter_thr_px: z.number().default(1).describe('Drop boxes that are not wider and higher than this, pixels'),
});

export function applyShift(sample: Sample, left: number, top: number, filter = 1): Sample {
  const image = pixelsOf(sample, 'RandomShift');
  const { width, height } = image;
  const truths = truthsOf(sample);
  const bboxes = clipBoxes(shiftBoxes(truths.bboxes, left, top), [height, width]);
  const minSize = Math.trunc(filter);
  const kept = boxesWhere(bboxes, (x1, y1, x2, y2) => x2 - x1 > minSize && y2 - y1 > minSize);
  if (kept.length === 0) return sample;
  const masks = truths.masks && placeMasks(truths.masks, { left, top, width, height });
  sample.truths = takeInstances({ ...truths, bboxes, masks }, kept);
  const canvas = solidImage(image, width, height, [0, 0, 0]);
  pastePixels(canvas, image, left, top);
  replacePixels(sample, canvas, [1, 0, left, 0, 1, top]);
  return sample;
}

export const RandomShift = defineModule({
  kind: 'transform',
  type: 'RandomShift',
  summary: 'Shifts the image and its ground truth by a few pixels',
  paper: 'Chen et al., You Only Look One-level Feature, CVPR 2021',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'RandomShift', prob: 0.5, max_shift_px: 32 }",
  options,
  build:
    ({ prob, max_shift_px, filter_thr_px }): Transform =>
    (sample, random) => {
      if (random.uniform() >= prob) return sample;
      // as in NumPy, the upper end is exclusive
      const shift = () => random.integer(Math.max(2 * max_shift_px, 1)) - max_shift_px;
      return applyShift(sample, shift(), shift(), filter_thr_px);
    },
});
