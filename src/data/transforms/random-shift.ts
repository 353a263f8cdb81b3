// RandomShift (MMDetection 3.x; Chen et al., YOLOF, CVPR 2021): the image moved by some pixels, black where it came from.
// It stays where it is when no truth would be left. Masks, which MMDetection leaves behind, move along.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesWhere, clipBoxes, shiftBoxes } from '../../geometry/boxes';
import { placeMasks } from '../../masks';
import { layPixels, plainImage } from '../pixels/pixel-image';
import { takeTruths } from '../transform-truths';
import { pixelsOf, type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject({
  prob: z.number().min(0).max(1).default(0.5).describe('Probability'),
  max_shift_px: z.number().int().nonnegative().default(32).describe('Largest shift in each direction, pixels'),
  filter_thr_px: z.number().default(1).describe('Truths no wider or no higher than this are left out'),
});

export function applyShift(sample: Sample, left: number, top: number, filter = 1): Sample {
  const image = pixelsOf(sample, 'RandomShift');
  const { width, height } = image;
  const truths = truthsOf(sample);
  const bboxes = clipBoxes(shiftBoxes(truths.bboxes, left, top), [height, width]);
  const least = Math.trunc(filter);
  const kept = boxesWhere(bboxes, (x1, y1, x2, y2) => x2 - x1 > least && y2 - y1 > least);
  if (kept.length === 0) return sample;
  const masks = truths.masks && placeMasks(truths.masks, { left, top, width, height });
  sample.truths = takeTruths({ ...truths, bboxes, masks }, kept);
  const field = plainImage(image, width, height, [0, 0, 0]);
  layPixels(field, image, left, top);
  sample.image = field;
  return sample;
}

export const RandomShift = defineModule({
  kind: 'transform',
  type: 'RandomShift',
  summary: 'Moves the image and its truths by some pixels',
  paper: 'Chen et al., You Only Look One-level Feature, CVPR 2021',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'RandomShift', prob: 0.5, max_shift_px: 32 }",
  options,
  build:
    ({ prob, max_shift_px, filter_thr_px }): Transform =>
    (sample, random) => {
      if (random.uniform() >= prob) return sample;
      // as numpy: the upper end is not reached
      const shift = () => random.integer(Math.max(2 * max_shift_px, 1)) - max_shift_px;
      return applyShift(sample, shift(), shift(), filter_thr_px);
    },
});
