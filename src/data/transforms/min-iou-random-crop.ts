// MinIoURandomCrop (MMDetection 3.x; Liu et al., SSD, ECCV 2016): a random crop whose IoU with every ground-truth box
// reaches a randomly drawn minimum; boxes with their centre outside the crop are dropped.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesWhere } from '../../geometry/boxes';
import type { Random } from '../../random';
import { cropPixels, type Window } from '../pixels/pixel-image';
import { croppedTruths } from './cropped-truths';
import { pixelsOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

/** Windows tried per minimum IoU before another one is drawn. */
const ATTEMPTS = 50;

const options = z.strictObject({
  min_ious: z
    .array(z.number().min(0).max(1))
    .default([0.1, 0.3, 0.5, 0.7, 0.9])
    .describe('Minimum IoUs to draw from, besides the whole image and no minimum'),
  min_crop_size: z.number().positive().max(1).default(0.3).describe('Minimum side of the crop, as a fraction'),
  bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the crop'),
});
type Options = z.output<typeof options>;

const f = Math.fround;

/** Whether every box overlaps the window by at least `minIoU` and the centre of one or more is inside. */
export function isValidCrop(boxes: Float32Array, window: Window, minIoU: number): boolean {
  if (window.width === 0 || window.height === 0) return false;
  if (boxes.length === 0) return true;
  const [left, top, right, bottom] = [window.left, window.top, window.left + window.width, window.top + window.height];
  for (let i = 0; i < boxes.length; i += 4) {
    const [x1, y1, x2, y2] = boxes.subarray(i, i + 4);
    const w = Math.max(f(Math.min(x2, right) - Math.max(x1, left)), 0);
    const h = Math.max(f(Math.min(y2, bottom) - Math.max(y1, top)), 0);
    const overlap = f(w * h);
    const union = f(f(window.width * window.height + f(f(x2 - x1) * f(y2 - y1))) - overlap);
    if (f(overlap / Math.max(union, 1e-6)) < minIoU) return false;
  }
  return centersInside(boxes, window).length > 0;
}

/** Indices of the boxes with their centre inside the window. */
function centersInside(boxes: Float32Array, { left, top, width, height }: Window): number[] {
  return boxesWhere(boxes, (x1, y1, x2, y2) => {
    const [x, y] = [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2)];
    return x > left && y > top && x < left + width && y < top + height;
  });
}

/** The window to crop, or undefined for the whole image. */
export function drawMinIoUCrop(
  boxes: Float32Array,
  width: number,
  height: number,
  o: Options,
  random: Random,
): Window | undefined {
  const modes = [1, ...o.min_ious, 0];
  for (;;) {
    const minIoU = modes[random.integer(modes.length)];
    if (minIoU === 1) return undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const w = random.uniform(o.min_crop_size * width, width);
      const h = random.uniform(o.min_crop_size * height, height);
      if (h / w < 0.5 || h / w > 2) continue;
      // NumPy's uniform(low) draws between low and 1, as MMDetection calls it
      const x = random.uniform(width - w, 1);
      const y = random.uniform(height - h, 1);
      const [left, top] = [Math.trunc(x), Math.trunc(y)];
      const window = { left, top, width: Math.trunc(x + w) - left, height: Math.trunc(y + h) - top };
      if (isValidCrop(boxes, window, minIoU)) return window;
    }
  }
}

export function applyMinIoUCrop(sample: Sample, window: Window, clip = true): Sample {
  const truths = truthsOf(sample);
  if (truths.labels.length > 0) {
    sample.truths = croppedTruths(truths, window, centersInside(truths.bboxes, window), clip);
  }
  const cropped = cropPixels(pixelsOf(sample, 'MinIoURandomCrop'), window);
  replacePixels(sample, cropped, [1, 0, -window.left, 0, 1, -window.top]);
  return sample;
}

export const MinIoURandomCrop = defineModule({
  kind: 'transform',
  type: 'MinIoURandomCrop',
  summary: 'Random crop whose IoU with every ground-truth box is at least a random minimum',
  paper: 'Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016',
  shapes: '[H, W, 3] -> [h <= H, w <= W, 3]',
  example: "{ type: 'MinIoURandomCrop', min_ious: [0.1, 0.3, 0.5, 0.7, 0.9], min_crop_size: 0.3 }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      const { width, height } = pixelsOf(sample, 'MinIoURandomCrop');
      const window = drawMinIoUCrop(truthsOf(sample).bboxes, width, height, o, random);
      return window ? applyMinIoUCrop(sample, window, o.bbox_clip_border) : sample;
    },
});
