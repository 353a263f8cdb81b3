// Mosaic9 (MMYOLO): nine images around the first one, of which a window of two by two images is cut out at random. Masks, which
// MMYOLO leaves as they were, move with their boxes.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesInside, clipBoxes, scaleBoxes, shiftBoxes } from '../../geometry/boxes';
import { placeMasks, resizeMasks } from '../../masks';
import type { Random } from '../../random';
import { concatInstances, takeInstances } from '../instances';
import { pastePixels, solidImage } from '../pixels/pixel-image';
import { returnPixels } from '../pixels/pixel-pool';
import { resizeBilinear } from '../pixels/resize-bilinear';
import type { Truths } from '../types';
import { mixOptions, mixTransform } from './mix-options';
import { pixelsOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const side = z.int().positive();
const options = z.strictObject({
  img_scale: z.tuple([side, side]).default([640, 640]).describe('[width, height] that each image is resized to fit'),
  bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the mosaic'),
  pad_val: z.number().min(0).max(255).default(114).describe('Padding value'),
  prob: z.number().min(0).max(1).default(1).describe('Probability'),
  ...mixOptions(50),
});
type Options = z.output<typeof options>;
type Side = { width: number; height: number };

/**
 * The top left corner of image `i` relative to the centre's: centre, top, top right, right, bottom right, bottom, bottom left,
 * left, top left. Images go round, each beside the one before.
 */
function cornerOf(i: number, own: Side, centre: Side, before: Side): [number, number] {
  const { width: w, height: h } = own;
  return [
    [0, 0],
    [0, -h],
    [before.width, -h],
    [centre.width, 0],
    [centre.width, before.height],
    [centre.width - w, centre.height],
    [centre.width - before.width - w, centre.height],
    [-w, centre.height - h],
    [-w, centre.height - before.height - h],
  ][i] as [number, number];
}

/** @param offset [x, y] of the window in three by three images */
export function mosaic9(parts: readonly Sample[], offset: readonly [number, number], o: Options): Sample {
  const [w, h] = o.img_scale;
  const [width, height] = [2 * w, 2 * h];
  const canvas = solidImage(pixelsOf(parts[0], 'Mosaic9'), width, height, new Array(3).fill(Math.trunc(o.pad_val)));
  let [centre, before]: Side[] = [
    { width: 0, height: 0 },
    { width: 0, height: 0 },
  ];
  const moved = parts.map((part, i): Truths => {
    const image = pixelsOf(part, 'Mosaic9');
    const ratio = Math.min(h / image.height, w / image.width);
    const fitted = resizeBilinear(
      image,
      Math.max(1, Math.trunc(image.width * ratio)),
      Math.max(1, Math.trunc(image.height * ratio)),
    );
    if (i === 0) centre = fitted;
    const [x, y] = cornerOf(i, fitted, centre, before);
    before = { width: fitted.width, height: fitted.height };
    // on the canvas of three by three, what is left of it or above is cut off
    const [left, top] = [w + x - offset[0], h + y - offset[1]];
    pastePixels(canvas, fitted, left, top);
    if (fitted !== image) returnPixels(fitted.data);
    const truths = truthsOf(part);
    const bboxes = shiftBoxes(
      shiftBoxes(scaleBoxes(truths.bboxes, [ratio, ratio]), w + x, h + y),
      -offset[0],
      -offset[1],
    );
    const masks =
      truths.masks && placeMasks(resizeMasks(truths.masks, before.height, before.width), { left, top, width, height });
    return { ...truths, bboxes, ...(masks && { masks }) };
  });
  let truths = concatInstances(moved);
  if (o.bbox_clip_border) truths.bboxes = clipBoxes(truths.bboxes, [height, width]);
  else truths = takeInstances(truths, boxesInside(truths.bboxes, [height, width]));
  const mixed = { ...parts[0], truths };
  replacePixels(mixed, canvas);
  return mixed;
}

const drawOffset = ({ img_scale: [w, h] }: Options, random: Random): [number, number] => [
  Math.trunc(random.uniform(0, w)),
  Math.trunc(random.uniform(0, h)),
];

export const Mosaic9 = defineModule({
  kind: 'transform',
  type: 'Mosaic9',
  summary: 'Mosaic of nine images, of which a window of two by two is kept',
  paper:
    'Wang et al., YOLOv7: Trainable Bag-of-Freebies Sets New State-of-the-Art for Real-Time Object Detectors, CVPR 2023',
  shapes: '9 x [H, W, 3] -> [2 h, 2 w, 3]',
  example: "{ type: 'Mosaic9', img_scale: [640, 640], pre_transform: [{ type: 'LoadImageFromFile' }] }",
  options,
  build: (o, context): Transform =>
    mixTransform('Mosaic9', 8, o, context, (sample, others, random) =>
      mosaic9([sample, ...others], drawOffset(o, random), o),
    ),
});
