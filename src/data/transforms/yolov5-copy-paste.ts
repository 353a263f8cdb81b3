// YOLOv5CopyPaste (MMYOLO, after Ultralytics): pastes mirrored objects of the image where they hide little of others. MMYOLO
// writes into the pixels it was given; here they are copied.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { flipBoxes } from '../../geometry/boxes';
import { roundHalfEven } from '../../geometry/round-half-even';
import { fillPolygons, flipMasks, type Polygon } from '../../masks';
import type { Random } from '../../random';
import { concatInstances, takeInstances } from '../instances';
import { pixelsLike } from '../pixels/pixel-image';
import type { AnyImage } from '../types';
import { pixelsOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject({
  ioa_thresh: z
    .number()
    .default(0.3)
    .describe('Mirrored objects may be pasted that cover less than this share of every box'),
  prob: z.number().min(0).max(1).default(0.5).describe('Share of those that is pasted'),
});
type Options = z.output<typeof options>;

const f = Math.fround;

/** Indices of the mirrored boxes that cover less than `threshold` of every box. */
function uncovering(mirrored: Float32Array, boxes: Float32Array, threshold: number): number[] {
  const covers = (i: number, k: number) => {
    const w = f(Math.min(mirrored[i + 2], boxes[k + 2]) - Math.max(mirrored[i], boxes[k]));
    const h = f(Math.min(mirrored[i + 3], boxes[k + 3]) - Math.max(mirrored[i + 1], boxes[k + 1]));
    const area = f(f(f(boxes[k + 2] - boxes[k]) * f(boxes[k + 3] - boxes[k + 1])) + f(1e-7));
    return !(f(f(Math.max(w, 0) * Math.max(h, 0)) / area) < threshold);
  };
  const starts = Array.from({ length: boxes.length / 4 }, (_, i) => 4 * i);
  return starts.filter((i) => !starts.some((k) => covers(i, k))).map((i) => i / 4);
}

/** The image with its mirror image where the mirrored objects are. */
function pasteMirrored(image: AnyImage, objects: readonly Polygon[][]): AnyImage {
  const { width, height } = image;
  const covered = new Uint8Array(width * height);
  for (const parts of objects) fillPolygons(covered, width, height, parts);
  const out = { ...image, data: pixelsLike(image.data, image.data.length) };
  out.data.set(image.data);
  for (let i = covered.indexOf(1); i >= 0; i = covered.indexOf(1, i + 1)) {
    const mirrored = i + width - 1 - 2 * (i % width);
    for (let c = 0; c < 3; c++) out.data[3 * mirrored + c] = image.data[3 * i + c];
  }
  return out;
}

function copyPaste(sample: Sample, o: Options, random: Random): Sample {
  const truths = truthsOf(sample);
  const { masks } = truths;
  if (truths.labels.length === 0) return sample;
  if (masks?.kind !== 'polygon')
    throw new DetLabError(
      `Cannot run YOLOv5CopyPaste: expected polygon masks, received ${masks ? 'bitmaps' : 'none'}. ` +
        `Set ${masks ? 'poly2mask: false' : 'with_mask: true and poly2mask: false'} in LoadAnnotations`,
    );
  const image = pixelsOf(sample, 'YOLOv5CopyPaste');
  const mirrored = flipBoxes(truths.bboxes, 'horizontal', [image.height, image.width]);
  const found = uncovering(mirrored, truths.bboxes, o.ioa_thresh);
  const chosen = Array.from(random.permutation(found.length, roundHalfEven(o.prob * found.length)), (k) => found[k]);
  if (chosen.length === 0) return sample;
  const pasted = takeInstances({ ...truths, bboxes: mirrored, masks: flipMasks(masks, 'horizontal') }, chosen);
  const objects = chosen.map((i) => masks.masks[i]);
  replacePixels(sample, pasteMirrored(image, objects));
  sample.truths = concatInstances([truths, pasted]);
  return sample;
}

export const YOLOv5CopyPaste = defineModule({
  kind: 'transform',
  type: 'YOLOv5CopyPaste',
  summary: 'Pastes mirrored objects of the image where they hide little',
  paper: 'Ghiasi et al., Simple Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation, CVPR 2021',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'YOLOv5CopyPaste', prob: 0.1 }",
  options,
  build:
    (o): Transform =>
    (sample, random) =>
      copyPaste(sample, o, random),
});
