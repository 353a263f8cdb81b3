// Expand (MMDetection 3.x; Liu et al., SSD, ECCV 2016): places the image at random on a larger canvas of the dataset's mean
// colour, so that objects become smaller. Polygon masks, which MMDetection rejects here, are moved too.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { shiftBoxes } from '../../geometry/boxes';
import { placeMasks } from '../../masks';
import type { Random } from '../../random';
import { colourOf, pastePixels, solidImage, type Window } from '../pixels/pixel-image';
import { pixelsOf, replacePixels, type Sample, type Transform } from './sample';

const options = z.strictObject({
  mean: z.tuple([z.number(), z.number(), z.number()]).default([0, 0, 0]).describe('Fill colour of the canvas'),
  to_rgb: z.boolean().default(true).describe('Whether mean is r, g, b; false: b, g, r'),
  ratio_range: z
    .tuple([z.number().min(1), z.number().min(1)])
    .default([1, 4])
    .describe('Range of the size of the canvas relative to the image'),
  seg_ignore_label: ignoredOption('semantic maps are refused here', { schema: z.int().nullish(), harmless: anyValue }),
  prob: z.number().min(0).max(1).default(0.5).describe('Probability'),
});
type Options = z.output<typeof options>;

/** Size of the canvas, and the position of the image's top left corner on it. */
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
  const canvas = solidImage(image, place.width, place.height, colour);
  pastePixels(canvas, image, place.left, place.top);
  replacePixels(sample, canvas, [1, 0, place.left, 0, 1, place.top]);
  for (const boxes of [sample.truths, sample.proposals])
    if (boxes) boxes.bboxes = shiftBoxes(boxes.bboxes, place.left, place.top);
  if (sample.truths?.masks) sample.truths.masks = placeMasks(sample.truths.masks, place);
  return sample;
}

export const Expand = defineModule({
  kind: 'transform',
  type: 'Expand',
  summary: 'Places the image at random on a larger canvas of one colour',
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
