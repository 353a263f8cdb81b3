// RandomCenterCropPad (MMDetection 3.x; Law and Deng, CornerNet, ECCV 2018): a window of one size around a random point, filled
// with the mean colour where it leaves the image; without training, a window around the whole image. As there, the window is
// halved on both sides of its centre, so that an odd one is a pixel smaller than the canvas. Masks are refused as there.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { boxesInside, boxesWhere, clipBoxes, shiftBoxes } from '../../geometry/boxes';
import type { Random } from '../../random';
import { takeInstances } from '../instances';
import { colourOf, cropPixels, pastePixels, solidImage } from '../pixels/pixel-image';
import type { AnyImage } from '../types';
import { pixelsOf, replacePixels, type Sample, type Transform } from './sample';

const side = z.int().positive();
const triple = z.tuple([z.number(), z.number(), z.number()]);

const options = z.strictObject({
  crop_size: z.tuple([side, side]).nullish().describe('[width, height] of the window, times a draw from ratios'),
  ratios: z
    .array(z.number().positive())
    .min(1)
    .nullable()
    .default([0.9, 1, 1.1])
    .describe('Factors of crop_size to draw from'),
  border: z.int().nonnegative().nullable().default(128).describe('Margin that the centre keeps from the sides, pixels'),
  mean: triple.describe('Fill colour'),
  std: triple.describe('Accepted: the standard deviation does not enter the fill colour'),
  to_rgb: z.boolean().describe('Whether mean is r, g, b; false: b, g, r'),
  test_mode: z.boolean().default(false).describe('Pad the whole image instead'),
  test_pad_mode: z
    .tuple([z.enum(['logical_or', 'size_divisor']), side])
    .nullable()
    .default(['logical_or', 127])
    .describe('Padded sides: bitwise "or" with the number, or the next multiple of it'),
  test_pad_add_pix: z.int().nonnegative().default(0).describe('Added to the sides after "logical_or"'),
  bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the window'),
});
type Options = z.output<typeof options>;
type TrainingOptions = Options & { crop_size: [number, number]; ratios: number[]; border: number };

/** The margin, halved until it leaves room in a side of `size`. */
function margin(border: number, size: number): number {
  const k = (2 * border) / size;
  if (k === 0) return 0;
  return Math.floor(border / 2 ** (Math.ceil(Math.log2(Math.ceil(k))) + (Number.isInteger(k) ? 1 : 0)));
}

interface Place {
  /** The part of the image that is seen, and its top left corner on the canvas. */
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  left: number;
  top: number;
}

/** A window of `width` x `height` around [x, y]. */
function placeAround(image: AnyImage, [x, y]: readonly [number, number], width: number, height: number): Place {
  const [halfWidth, halfHeight] = [Math.floor(width / 2), Math.floor(height / 2)];
  const [x0, y0] = [Math.max(0, x - halfWidth), Math.max(0, y - halfHeight)];
  const [x1, y1] = [Math.min(x + halfWidth, image.width), Math.min(y + halfHeight, image.height)];
  return { x0, y0, x1, y1, left: halfWidth - (x - x0), top: halfHeight - (y - y0) };
}

function cut(sample: Sample, { x0, y0, x1, y1, left, top }: Place, width: number, height: number, o: Options): void {
  const image = pixelsOf(sample, 'RandomCenterCropPad');
  const colour = colourOf(o.to_rgb ? [...o.mean].reverse() : o.mean, image.order);
  const canvas = solidImage(image, width, height, colour);
  pastePixels(canvas, cropPixels(image, { left: x0, top: y0, width: x1 - x0, height: y1 - y0 }), left, top);
  replacePixels(sample, canvas);
}

function crop(sample: Sample, o: TrainingOptions, random: Random): Sample {
  const image = pixelsOf(sample, 'RandomCenterCropPad');
  const { truths } = sample;
  for (;;) {
    const ratio = o.ratios[random.integer(o.ratios.length)];
    const [width, height] = o.crop_size.map((length) => Math.trunc(length * ratio));
    const draw = (size: number) => {
      const edge = margin(o.border, size);
      return edge + random.integer(size - 2 * edge);
    };
    for (let attempt = 0; attempt < 50; attempt++) {
      const centre: [number, number] = [draw(image.width), draw(image.height)];
      const place = placeAround(image, centre, width, height);
      const seen = boxesWhere(truths?.bboxes ?? new Float32Array(), (x1, y1, x2, y2) => {
        const [x, y] = [Math.fround(Math.fround(x1 + x2) / 2), Math.fround(Math.fround(y1 + y2) / 2)];
        return x > place.x0 && y > place.y0 && x < place.x1 && y < place.y1;
      });
      if (truths && truths.labels.length > 0 && seen.length === 0) continue;
      cut(sample, place, width, height, o);
      if (!truths || truths.labels.length === 0) return sample;
      const kept = takeInstances(truths, seen);
      kept.bboxes = shiftBoxes(kept.bboxes, place.left - place.x0, place.top - place.y0);
      if (o.bbox_clip_border) kept.bboxes = clipBoxes(kept.bboxes, [height, width]);
      sample.truths = takeInstances(kept, boxesInside(kept.bboxes, [height, width]));
      return sample;
    }
  }
}

/** The whole image on a larger canvas; where it is on it is noted, so that detections go back into the image's frame. */
function padWhole(sample: Sample, o: Options): Sample {
  const image = pixelsOf(sample, 'RandomCenterCropPad');
  const [mode, number] = o.test_pad_mode ?? ['logical_or', 127];
  const padded = (length: number) =>
    mode === 'logical_or' ? (length | number) + o.test_pad_add_pix : Math.ceil(length / number) * number;
  const [width, height] = [padded(image.width), padded(image.height)];
  const centre: [number, number] = [Math.floor(image.width / 2), Math.floor(image.height / 2)];
  const place = placeAround(image, centre, width, height);
  cut(sample, place, width, height, o);
  const { left, top } = place;
  const move = (boxes: Float32Array) => shiftBoxes(boxes, left - place.x0, top - place.y0);
  for (const boxes of [sample.truths, sample.proposals]) if (boxes) boxes.bboxes = move(boxes.bboxes);
  const [right, bottom] = [width - left - image.width, height - top - image.height];
  sample.meta.padParam = [top, bottom, left, right];
  return sample;
}

function checked(o: Options): asserts o is TrainingOptions {
  if (!o.crop_size || !o.ratios || o.border === null)
    throw new DetLabError(
      'Cannot build RandomCenterCropPad: expected crop_size, ratios and border in training. Set test_mode: true to pad whole images',
    );
}

export const RandomCenterCropPad = defineModule({
  kind: 'transform',
  type: 'RandomCenterCropPad',
  summary: 'A window around a random point, filled with the mean colour outside of the image',
  paper: 'Law and Deng, CornerNet: Detecting Objects as Paired Keypoints, ECCV 2018',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example:
    "{ type: 'RandomCenterCropPad', crop_size: [512, 512], ratios: [0.6, 0.8, 1], mean: [0, 0, 0], std: [1, 1, 1], to_rgb: true, test_pad_mode: null }",
  options,
  build: (o): Transform => {
    if (o.test_mode) return (sample) => padWhole(sample, o);
    checked(o);
    return (sample, random) => {
      if (sample.truths?.masks)
        throw new DetLabError(
          'Cannot run RandomCenterCropPad: masks are not supported. Set with_mask: false in LoadAnnotations',
        );
      return crop(sample, o, random);
    };
  },
});
