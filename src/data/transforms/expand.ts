// Expand (MMDetection 3.x; Liu et al., SSD, ECCV 2016): the image somewhere on a larger field of the data set's mean
// colour, so that objects become smaller. Polygon masks, which MMDetection refuses here, move along.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { shiftBoxes } from '../../geometry/boxes';
import { placeMasks } from '../../masks';
import type { Random } from '../../random';
import { colourOf, layPixels, plainImage, type Window } from '../pixels/pixel-image';
import { pixelsOf, replacePixels, type Sample, type Transform } from './sample';

const options = z.strictObject({
  mean: z.tuple([z.number(), z.number(), z.number()]).default([0, 0, 0]).describe('Colour of the field'),
  to_rgb: z.boolean().default(true).describe('mean is given as r, g, b; false: as b, g, r'),
  ratio_range: z
    .tuple([z.number().min(1), z.number().min(1)])
    .default([1, 4])
    .describe('Bounds of the sides of the field, as multiples of the sides of the image'),
  seg_ignore_label: z.number().int().nullish().describe('Accepted: concerns segmentation maps'),
  prob: z.number().min(0).max(1).default(0.5).describe('Probability'),
});
type Options = z.output<typeof options>;

/** Size of the field, and where the image's corner lies on it. */
export function drawExpand({ ratio_range }: Options, width: number, height: number, random: Random): Window {
  const ratio = random.uniform(...ratio_range);
  return {
    left: Math.trunc(random.uniform(0, width * ratio - width)),
    top: Math.trunc(random.uniform(0, height * ratio - height)),
    width: Math.trunc(width * ratio),
    height: Math.trunc(height * ratio),
  };
}

export function applyExpand(sample: Sample, { mean, to_rgb }: Pick<Options, 'mean' | 'to_rgb'>, place: Window): Sample {
  const image = pixelsOf(sample, 'Expand');
  const colour = colourOf(to_rgb ? [...mean].reverse() : mean, image.order);
  const field = plainImage(image, place.width, place.height, colour);
  layPixels(field, image, place.left, place.top);
  replacePixels(sample, field);
  for (const boxes of [sample.truths, sample.proposals])
    if (boxes) boxes.bboxes = shiftBoxes(boxes.bboxes, place.left, place.top);
  if (sample.truths?.masks) sample.truths.masks = placeMasks(sample.truths.masks, place);
  return sample;
}

export const Expand = defineModule({
  kind: 'transform',
  type: 'Expand',
  summary: 'Lays the image somewhere on a larger field of one colour',
  paper: 'Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016',
  shapes: '[H, W, 3] -> [h >= H, w >= W, 3]',
  example: "{ type: 'Expand', mean: [123.675, 116.28, 103.53], to_rgb: true, ratio_range: [1, 4] }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      if (random.uniform() > o.prob) return sample;
      const { width, height } = pixelsOf(sample, 'Expand');
      return applyExpand(sample, o, drawExpand(o, width, height, random));
    },
});
