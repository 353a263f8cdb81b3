// PPYOLOERandomCrop (MMYOLO, after PaddleDetection): a random crop in which some box, or every one, keeps a minimum IoU with
// the window; objects with their centre outside are dropped. MMYOLO takes the masks of other objects here (positions of
// nonzero indices, for indices): here masks stay with their boxes.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesWhere } from '../../geometry/boxes';
import type { Random } from '../../random';
import { cropPixels, type Window } from '../pixels/pixel-image';
import { croppedTruths } from './cropped-truths';
import { pixelsOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const f = Math.fround;
const pair = z.tuple([z.number().positive(), z.number().positive()]);

const options = z.strictObject({
  aspect_ratio: pair
    .nullable()
    .default([0.5, 2])
    .describe('Range of the aspect ratio of the window; null: sides apart'),
  thresholds: z
    .array(z.number().min(0).max(1))
    .default([0, 0.1, 0.3, 0.5, 0.7, 0.9])
    .describe('Minimum IoUs, tried in random order'),
  scaling: pair.default([0.3, 1]).describe('Range of the sides as fractions of the image'),
  num_attempts: z.int().positive().default(50).describe('Windows tried per minimum IoU'),
  allow_no_crop: z.boolean().default(true).describe('The whole image is one of the choices'),
  cover_all_box: z.boolean().default(false).describe('Every box keeps the minimum IoU, not only one'),
});
type Options = z.output<typeof options>;

/** Sides [height, width] of a window. */
function drawSize({ scaling, aspect_ratio }: Options, width: number, height: number, random: Random): [number, number] {
  const scale = random.uniform(...scaling);
  let [ofHeight, ofWidth] = [0, 0];
  if (aspect_ratio) {
    const aspect = random.uniform(Math.max(aspect_ratio[0], scale ** 2), Math.min(aspect_ratio[1], scale ** -2));
    [ofHeight, ofWidth] = [scale / Math.sqrt(aspect), scale * Math.sqrt(aspect)];
  } else {
    ofHeight = random.uniform(...scaling);
    ofWidth = random.uniform(...scaling);
  }
  return [Math.trunc(height * ofHeight), Math.trunc(width * ofWidth)];
}

/** IoU of every box with the window. */
function overlaps(boxes: Float32Array, { left, top, width, height }: Window): number[] {
  return Array.from({ length: boxes.length / 4 }, (_, i) => {
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
    const w = f(Math.min(x2, left + width) - Math.max(x1, left));
    const h = f(Math.min(y2, top + height) - Math.max(y1, top));
    const overlap = w > 0 && h > 0 ? f(w * h) : 0;
    const union = f(f(f(f(x2 - x1) * f(y2 - y1)) + f(width * height)) - overlap);
    return f(overlap / f(union + f(1e-10)));
  });
}

/** Indices of the boxes with their centre in the window. */
const inside = (boxes: Float32Array, { left, top, width, height }: Window): number[] =>
  boxesWhere(boxes, (x1, y1, x2, y2) => {
    const [x, y] = [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2)];
    const centred = x >= left && y >= top && x < left + width && y < top + height;
    return centred && Math.max(x1, left) < Math.min(x2, left + width) && Math.max(y1, top) < Math.min(y2, top + height);
  });

/** The window to crop and the boxes that stay; undefined: the whole image. */
function drawWindow(
  boxes: Float32Array,
  { width: w, height: h }: { width: number; height: number },
  o: Options,
  random: Random,
): { window: Window; kept: number[] } | undefined {
  const choices = [...o.thresholds, ...(o.allow_no_crop ? ['none' as const] : [])];
  for (const i of random.permutation(choices.length)) {
    const threshold = choices[i];
    if (threshold === 'none') return undefined;
    for (let attempt = 0; attempt < o.num_attempts; attempt++) {
      const [height, width] = drawSize(o, w, h, random);
      if (!o.aspect_ratio && (height / width < 0.5 || height / width > 2)) continue;
      const top = random.integer(Math.max(h - height, 0) + 1);
      const window = { top, left: random.integer(Math.max(w - width, 0) + 1), height, width };
      const ious = overlaps(boxes, window);
      if (Math.max(...ious) < threshold || (o.cover_all_box && Math.min(...ious) < threshold)) continue;
      const kept = inside(boxes, window);
      if (kept.length > 0) return { window, kept };
    }
  }
  return undefined;
}

function cropTo(sample: Sample, window: Window, kept: readonly number[]): Sample {
  sample.truths = croppedTruths(truthsOf(sample), window, kept);
  replacePixels(sample, cropPixels(pixelsOf(sample, 'PPYOLOERandomCrop'), window));
  return sample;
}

export const PPYOLOERandomCrop = defineModule({
  kind: 'transform',
  type: 'PPYOLOERandomCrop',
  summary: 'Random crop in which boxes keep a random minimum IoU with the window',
  paper: 'Xu et al., PP-YOLOE: An Evolved Version of YOLO, 2022',
  shapes: '[H, W, 3] -> [h <= H, w <= W, 3]',
  example: "{ type: 'PPYOLOERandomCrop', aspect_ratio: [0.5, 2], scaling: [0.3, 1] }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      const { bboxes } = truthsOf(sample);
      if (bboxes.length === 0) return sample;
      const found = drawWindow(bboxes, pixelsOf(sample, 'PPYOLOERandomCrop'), o, random);
      return found ? cropTo(sample, found.window, found.kept) : sample;
    },
});
