// RandomCenterCropPad (Law and Deng, CornerNet, ECCV 2018): a crop of random size around a random point of the image, padded where it
// reaches beyond; at test time the whole image, padded on all sides to a size that fits the strides.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { boxesWhere, clipBoxes, shiftBoxes } from '../../geometry/boxes';
import type { Random } from '../../random';
import { takeInstances } from '../instances';
import { colourOf, cropPixels, pastePixels, solidImage } from '../pixels/pixel-image';
import type { AnyImage } from '../types';
import { pixelsOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const three = z.tuple([z.number(), z.number(), z.number()]);
const options = z
  .strictObject({
    crop_size: z
      .tuple([z.int().positive(), z.int().positive()])
      .nullish()
      .describe('Width and height of the crop before it is scaled; null at test time'),
    ratios: z
      .array(z.number().positive())
      .min(1)
      .nullable()
      .default([0.9, 1, 1.1])
      .describe('Factors on crop_size to draw from; null at test time'),
    border: z
      .int()
      .positive()
      .nullable()
      .default(128)
      .describe('Distance of the center of the crop from the edges, less in small images; null at test time'),
    mean: three.describe('Colour of the padding'),
    std: ignoredOption('as in MMDetection, nothing is normalised here', { schema: three, harmless: anyValue }),
    to_rgb: z.boolean().describe('Whether mean is r, g, b; false: b, g, r'),
    test_mode: z.boolean().default(false).describe('Pad the whole image'),
    test_pad_mode: z
      .tuple([z.enum(['logical_or', 'size_divisor']), z.int().positive()])
      .nullable()
      .default(['logical_or', 127])
      .describe('Size at test time: height | value, or the next multiple of the value; null in training'),
    test_pad_add_pix: z.int().min(0).default(0).describe('Pixels added to it, with logical_or'),
    bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the crop'),
  })
  .refine((o) => (o.test_mode ? !o.crop_size && !o.ratios && !o.border : true), {
    message: 'with test_mode, crop_size, ratios and border must be null',
  })
  .refine((o) => (o.test_mode ? o.test_pad_mode : o.crop_size && o.ratios && o.border && !o.test_pad_mode), {
    message: 'expected crop_size, ratios, border and test_pad_mode: null in training, test_pad_mode with test_mode',
  });
type Options = z.output<typeof options>;

/** Points tried before another size is drawn, and sizes before the whole image is taken. */
const ATTEMPTS = 50;
const SIZES = 20;

/** Where the center of a crop is, and its size. */
export interface CenterCrop {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** `border`, halved until two of it are less than `size`. */
export function centerBorder(border: number, size: number): number {
  const k = (2 * border) / size;
  return Math.floor(border / 2 ** (Math.ceil(Math.log2(Math.ceil(k))) + (Number.isInteger(k) ? 1 : 0)));
}

/** The part of the image that a crop has, and where it is in it. */
function overlapOf({ x, y, width, height }: CenterCrop, image: { width: number; height: number }) {
  const [halfWidth, halfHeight] = [Math.floor(width / 2), Math.floor(height / 2)];
  const [left, top] = [Math.max(0, x - halfWidth), Math.max(0, y - halfHeight)];
  const [right, bottom] = [Math.min(x + halfWidth, image.width), Math.min(y + halfHeight, image.height)];
  return { left, top, right, bottom, toX: halfWidth - (x - left), toY: halfHeight - (y - top) };
}

const centersInside = (boxes: Float32Array, { left, top, right, bottom }: ReturnType<typeof overlapOf>): number[] =>
  boxesWhere(boxes, (x1, y1, x2, y2) => {
    const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
    return x > left && y > top && x < right && y < bottom;
  });

/** A crop with the center of a box in it, where there are boxes; undefined where none was found. */
export function drawCenterCrop(
  boxes: Float32Array,
  image: { width: number; height: number },
  { crop_size, ratios, border }: Pick<Options, 'crop_size' | 'ratios' | 'border'>,
  random: Random,
): CenterCrop | undefined {
  const [marginX, marginY] = [centerBorder(border!, image.width), centerBorder(border!, image.height)];
  for (let size = 0; size < SIZES; size++) {
    const scale = ratios![random.integer(ratios!.length)];
    const [width, height] = crop_size!.map((side) => Math.trunc(side * scale));
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const x = marginX + random.integer(Math.max(image.width - 2 * marginX, 1));
      const y = marginY + random.integer(Math.max(image.height - 2 * marginY, 1));
      const crop = { x, y, width, height };
      if (boxes.length === 0 || centersInside(boxes, overlapOf(crop, image)).length > 0) return crop;
    }
  }
  return undefined;
}

/** The crop on a canvas of the colour of the padding; also where it begins in it, top and left. */
function paste(image: AnyImage, crop: CenterCrop, { mean, to_rgb }: Pick<Options, 'mean' | 'to_rgb'>) {
  const part = overlapOf(crop, image);
  const colour = colourOf(to_rgb ? [...mean].reverse() : mean, image.order);
  const canvas = solidImage(image, crop.width, crop.height, colour);
  const { left, top, right, bottom } = part;
  pastePixels(canvas, cropPixels(image, { left, top, width: right - left, height: bottom - top }), part.toX, part.toY);
  return { canvas, part };
}

export function applyCenterCrop(sample: Sample, crop: CenterCrop, o: Options): Sample {
  const image = pixelsOf(sample, 'RandomCenterCropPad');
  const { canvas, part } = paste(image, crop, o);
  replacePixels(sample, canvas);
  const truths = truthsOf(sample);
  if (truths.masks)
    throw new DetLabError(
      'Cannot run RandomCenterCropPad: masks are not moved. Set with_mask of LoadAnnotations to false',
    );
  if (truths.labels.length === 0) return sample;
  const kept = takeInstances(truths, centersInside(truths.bboxes, part));
  kept.bboxes = shiftBoxes(kept.bboxes, part.toX - part.left, part.toY - part.top);
  if (o.bbox_clip_border) kept.bboxes = clipBoxes(kept.bboxes, [crop.height, crop.width]);
  const inside = boxesWhere(kept.bboxes, (x1, y1, x2, y2) => x1 < crop.width && y1 < crop.height && x2 > 0 && y2 > 0);
  sample.truths = takeInstances(kept, inside);
  return sample;
}

/** Size at test time. */
export function paddedSize(size: number, { test_pad_mode, test_pad_add_pix }: Options): number {
  const [mode, value] = test_pad_mode!;
  return mode === 'logical_or' ? (size | value) + test_pad_add_pix : Math.ceil(size / value) * value;
}

function pad(sample: Sample, o: Options): Sample {
  const image = pixelsOf(sample, 'RandomCenterCropPad');
  const crop = {
    x: Math.floor(image.width / 2),
    y: Math.floor(image.height / 2),
    width: paddedSize(image.width, o),
    height: paddedSize(image.height, o),
  };
  const { canvas, part } = paste(image, crop, o);
  replacePixels(sample, canvas);
  const { toX, toY } = part;
  for (const boxes of [sample.truths, sample.proposals]) if (boxes) boxes.bboxes = shiftBoxes(boxes.bboxes, toX, toY);
  sample.meta.padParam = [toY, crop.height - toY - image.height, toX, crop.width - toX - image.width];
  return sample;
}

export const RandomCenterCropPad = defineModule({
  kind: 'transform',
  type: 'RandomCenterCropPad',
  summary: 'Crops at random around a point and pads what is beyond the image; at test time pads on all sides',
  paper: 'Law and Deng, CornerNet: Detecting Objects as Paired Keypoints, ECCV 2018',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example:
    "{ type: 'RandomCenterCropPad', crop_size: [511, 511], ratios: [0.6, 0.8, 1, 1.2], mean: [0, 0, 0], std: [1, 1, 1], to_rgb: true, test_pad_mode: null }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      if (o.test_mode) return pad(sample, o);
      const image = pixelsOf(sample, 'RandomCenterCropPad');
      const crop = drawCenterCrop(truthsOf(sample).bboxes, image, o, random);
      return crop ? applyCenterCrop(sample, crop, o) : sample;
    },
});
