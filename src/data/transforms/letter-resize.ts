// LetterResize (MMYOLO): fits the image into a size and pads what is missing on all sides. Where a level is written with a
// decimal point (114.0), MMYOLO pads the blue channel alone with it; here a level is that of all three.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { clipBoxes, scaleBoxes, shiftBoxes } from '../../geometry/boxes';
import { roundHalfEven } from '../../geometry/round-half-even';
import { placeMasks, resizeMasks } from '../../masks';
import { colourOf, layPixels, plainImage } from '../pixels/pixel-image';
import { resizeBilinear } from '../pixels/resize-bilinear';
import { pixelsOf, replacePixels, type Sample, type Transform } from './sample';

const edge = z.number().int().positive();
const level = z.number().min(0).max(255);
const fill = z.union([level, z.tuple([level, level, level])]);

const options = z.strictObject({
  scale: z.union([edge, z.tuple([edge, edge])]).describe('[width, height] of the outcome; one number: a square'),
  pad_val: z
    .union([fill, z.strictObject({ img: fill.default(0), mask: z.number().default(0), seg: z.number().default(255) })])
    .default({ img: 0, mask: 0, seg: 255 })
    .describe('Fill: a gray level, or { img: [b, g, r] }'),
  use_mini_pad: z.boolean().default(false).describe('Pad to a multiple of 32 only'),
  stretch_only: z.boolean().default(false).describe('Stretch to the size, without padding'),
  allow_scale_up: z.boolean().default(true).describe('Small images are enlarged'),
  half_pad_param: z
    .boolean()
    .default(false)
    .describe('Boxes move by half the padding even where that is no whole pixel'),
  clip_object_border: z.boolean().default(true).describe('Clip boxes to the outcome'),
  keep_ratio: z.literal(true).default(true).describe('Only true; see stretch_only'),
  backend: z.literal('cv2').default('cv2').describe("cv2's fixed-point arithmetic, reproduced bit by bit"),
  interpolation: z.literal('bilinear').default('bilinear').describe('Only "bilinear"'),
});
type Options = z.output<typeof options>;

/** The factor, the size of the resized image, and the padding. */
function fit(width: number, height: number, [rows, columns]: readonly [number, number], o: Options) {
  let ratio = Math.min(rows / height, columns / width);
  if (!o.allow_scale_up) ratio = Math.min(ratio, 1);
  let inner: [number, number] = [roundHalfEven(height * ratio), roundHalfEven(width * ratio)];
  let [padY, padX] = [rows - inner[0], columns - inner[1]];
  if (o.use_mini_pad) [padY, padX] = [padY % 32, padX % 32];
  else if (o.stretch_only) [inner, padY, padX] = [[rows, columns], 0, 0];
  const [top, left] = [Math.floor(padY / 2), Math.floor(padX / 2)];
  // how padding of earlier steps grows
  const ratios = o.stretch_only && !o.use_mini_pad ? [rows / height, columns / width] : [ratio, ratio];
  return { inner, padY, padX, top, left, ratios };
}

function letterResize(sample: Sample, o: Options): Sample {
  const image = pixelsOf(sample, 'LetterResize');
  const [columns, rows] = typeof o.scale === 'number' ? [o.scale, o.scale] : o.scale;
  const shape = sample.record.batchShape ?? ([rows, columns] as const);
  const { inner, padY, padX, top, left, ratios } = fit(image.width, image.height, shape, o);
  const resized = resizeBilinear(image, inner[1], inner[0]);
  const [width, height] = [inner[1] + padX, inner[0] + padY];
  if (padX === 0 && padY === 0) replacePixels(sample, resized);
  else {
    const value = typeof o.pad_val === 'object' && 'img' in o.pad_val ? o.pad_val.img : o.pad_val;
    const field = plainImage(resized, width, height, colourOf(value, image.order));
    layPixels(field, resized, left, top);
    replacePixels(sample, field);
  }
  const factor: [number, number] = [inner[1] / image.width, inner[0] / image.height];
  const half: [number, number, number, number] = [padY / 2, padY / 2, padX / 2, padX / 2];
  const padding: [number, number, number, number] = o.half_pad_param ? half : [top, padY - top, left, padX - left];
  for (const boxes of [sample.truths, sample.proposals])
    if (boxes) {
      boxes.bboxes = shiftBoxes(scaleBoxes(boxes.bboxes, factor), padding[2], padding[0]);
      if (o.clip_object_border) boxes.bboxes = clipBoxes(boxes.bboxes, [height, width]);
    }
  if (sample.truths?.masks) {
    const [maskTop, maskLeft] = [Math.trunc(padding[0]), Math.trunc(padding[2])];
    const masks = resizeMasks(sample.truths.masks, inner[0], inner[1]);
    sample.truths.masks = placeMasks(masks, { top: maskTop, left: maskLeft, width, height });
  }
  // several steps that resize count together
  const { scaleFactor, padParam } = sample.meta;
  sample.meta.scaleFactor = [scaleFactor[0] * factor[0], scaleFactor[1] * factor[1]];
  const earlier = padParam?.map((v, i) => v * ratios[i >> 1]) ?? [0, 0, 0, 0];
  sample.meta.padParam = [0, 1, 2, 3].map((i) => padding[i] + earlier[i]) as [number, number, number, number];
  return sample;
}

export const LetterResize = defineModule({
  kind: 'transform',
  type: 'LetterResize',
  summary: 'Fits the image into a size and pads it on all sides',
  origin: 'MMYOLO',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'LetterResize', scale: [640, 640], allow_scale_up: false, pad_val: { img: 114 } }",
  options,
  build:
    (o): Transform =>
    (sample) =>
      letterResize(sample, o),
});
