// LetterResize (MMYOLO): resizes the image to fit a size and pads it on all sides. Where pad_val is written with a decimal
// point (114.0), MMYOLO pads only the blue channel with it; here a number applies to all three channels.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { roundHalfEven } from '../../geometry/round-half-even';
import { placeMasks, resizeMasks } from '../../masks';
import { clipInstances, scaleInstances, shiftInstances } from '../move-boxes';
import { colourOf, pastePixels, solidImage } from '../pixels/pixel-image';
import { backendOption, resizedBy } from './resize-backend';
import { fullSize, pixelsOf, replacePixels, type Sample, type Transform } from './sample';

const edge = z.number().int().positive();
const level = z.number().min(0).max(255);
const fill = z.union([level, z.tuple([level, level, level])]);

const options = z.strictObject({
  scale: z.union([edge, z.tuple([edge, edge])]).describe('[width, height] of the output; one number: a square'),
  pad_val: z
    .union([fill, z.strictObject({ img: fill.default(0), mask: z.number().default(0), seg: z.number().default(255) })])
    .default({ img: 0, mask: 0, seg: 255 })
    .describe('Padding value: a gray level, or { img: [b, g, r] }'),
  scale_factor: z.null().optional().describe('Only null: see scale'),
  use_mini_pad: z.boolean().default(false).describe('Pad only to a multiple of 32'),
  stretch_only: z.boolean().default(false).describe('Stretch to the size instead of padding'),
  allow_scale_up: z.boolean().default(true).describe('Allow enlarging images'),
  half_pad_param: z.boolean().default(false).describe('Shift boxes by exactly half the padding, also by half pixels'),
  clip_object_border: z.boolean().default(true).describe('Clip boxes to the output'),
  keep_ratio: z.literal(true).default(true).describe('Only true; see stretch_only'),
  backend: backendOption,
  interpolation: z.literal('bilinear').default('bilinear').describe('Only "bilinear"'),
});
type Options = z.output<typeof options>;

/** Size [height, width] of the resized image, padding, and [y, x] factors of earlier padding. */
function fit(width: number, height: number, [rows, columns]: readonly [number, number], o: Options) {
  let ratio = Math.min(rows / height, columns / width);
  if (!o.allow_scale_up) ratio = Math.min(ratio, 1);
  let inner: [number, number] = [roundHalfEven(height * ratio), roundHalfEven(width * ratio)];
  let [padY, padX] = [rows - inner[0], columns - inner[1]];
  if (o.use_mini_pad) [padY, padX] = [padY % 32, padX % 32];
  else if (o.stretch_only) [inner, padY, padX] = [[rows, columns], 0, 0];
  const [top, left] = [Math.floor(padY / 2), Math.floor(padX / 2)];
  const ratios = o.stretch_only && !o.use_mini_pad ? [rows / height, columns / width] : [ratio, ratio];
  return { inner, padY, padX, top, left, ratios };
}

function letterResize(sample: Sample, o: Options): Sample {
  const image = fullSize(pixelsOf(sample, 'LetterResize'));
  const [columns, rows] = typeof o.scale === 'number' ? [o.scale, o.scale] : o.scale;
  const shape = sample.record.batchShape ?? ([rows, columns] as const);
  const { inner, padY, padX, top, left, ratios } = fit(image.width, image.height, shape, o);
  const resized = resizedBy({ backend: o.backend }, sample, [inner[1], inner[0]], 'LetterResize');
  const [width, height] = [inner[1] + padX, inner[0] + padY];
  if (padX === 0 && padY === 0) replacePixels(sample, resized);
  else {
    const value = typeof o.pad_val === 'object' && 'img' in o.pad_val ? o.pad_val.img : o.pad_val;
    const canvas = solidImage(resized, width, height, colourOf(value, resized.order));
    pastePixels(canvas, resized, left, top);
    replacePixels(sample, canvas);
  }
  const factor: [number, number] = [inner[1] / image.width, inner[0] / image.height];
  const half: [number, number, number, number] = [padY / 2, padY / 2, padX / 2, padX / 2];
  const padding: [number, number, number, number] = o.half_pad_param ? half : [top, padY - top, left, padX - left];
  for (const boxes of [sample.truths, sample.proposals])
    if (boxes) {
      Object.assign(boxes, shiftInstances(scaleInstances(boxes, factor), padding[2], padding[0]));
      if (o.clip_object_border) Object.assign(boxes, clipInstances(boxes, [height, width]));
    }
  if (sample.truths?.masks) {
    const [maskTop, maskLeft] = [Math.trunc(padding[0]), Math.trunc(padding[2])];
    const masks = resizeMasks(sample.truths.masks, inner[0], inner[1]);
    sample.truths.masks = placeMasks(masks, { top: maskTop, left: maskLeft, width, height });
  }
  // composes with earlier resizing steps
  const { scaleFactor, padParam } = sample.meta;
  sample.meta.scaleFactor = [scaleFactor[0] * factor[0], scaleFactor[1] * factor[1]];
  const [padTop, padBottom, padLeft, padRight] = padParam ?? [0, 0, 0, 0];
  sample.meta.padParam = [
    padding[0] + padTop * ratios[0],
    padding[1] + padBottom * ratios[0],
    padding[2] + padLeft * ratios[1],
    padding[3] + padRight * ratios[1],
  ];
  return sample;
}

export const LetterResize = defineModule({
  kind: 'transform',
  type: 'LetterResize',
  summary: 'Resizes the image to fit a size and pads it on all sides',
  origin: 'MMYOLO',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'LetterResize', scale: [640, 640], allow_scale_up: false, pad_val: { img: 114 } }",
  options,
  build:
    (o): Transform =>
    (sample) =>
      letterResize(sample, o),
});
