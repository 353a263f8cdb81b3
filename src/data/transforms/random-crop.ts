// RandomCrop (MMDetection 3.x): a window of the image, and what is left of its truths. Where a window without truths is not
// allowed, another image is taken.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesInside, clipBoxes, shiftBoxes, takeBoxes } from '../../geometry/boxes';
import { cropMasks, rleToBox, toRles } from '../../masks';
import type { Random } from '../../random';
import { cutPixels, type Window } from '../pixels/pixel-image';
import { takeTruths } from '../transform-truths';
import type { AnyImage, ProposalBoxes, Truths } from '../types';
import { pixelsOf, replacePixels, type Transform } from './sample';

const options = z
  .strictObject({
    crop_size: z.tuple([z.number().positive(), z.number().positive()]).describe('Size of the window; see crop_type'),
    crop_type: z
      .enum(['absolute', 'absolute_range', 'relative', 'relative_range'])
      .default('absolute')
      .describe(
        'absolute: [width, height] in pixels; absolute_range: sides from [least, most] pixels; relative: shares of the ' +
          'width and height; relative_range: least shares of height and width',
      ),
    allow_negative_crop: z.boolean().default(false).describe('A window without truths is good enough'),
    recompute_bbox: z.boolean().default(false).describe('Boxes are those of the cropped masks'),
    bbox_clip_border: z.boolean().default(true).describe('Boxes end at the window'),
  })
  .superRefine(({ crop_size, crop_type }, context) => {
    const relative = crop_type.startsWith('relative');
    const wrong = (message: string) => context.addIssue({ code: 'custom', path: ['crop_size'], message });
    if (relative && crop_size.some((v) => v > 1)) wrong(`expected shares of at most 1 with crop_type "${crop_type}"`);
    if (!relative && !crop_size.every(Number.isInteger)) wrong(`expected whole pixels with crop_type "${crop_type}"`);
    if (crop_type === 'absolute_range' && crop_size[0] > crop_size[1]) wrong('expected [least, most]');
  });
type Options = z.output<typeof options>;

export const RandomCrop = defineModule({
  kind: 'transform',
  type: 'RandomCrop',
  summary: 'A random window of the image, with the truths that lie in it',
  origin: 'MMDetection',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'RandomCrop', crop_type: 'absolute_range', crop_size: [384, 600], allow_negative_crop: true }",
  options,
  build: (o): Transform => {
    return (sample, random) => {
      const image = pixelsOf(sample, 'RandomCrop');
      const window = draw(image, o, random);
      const truths = sample.truths && cropTruths(sample.truths, window, o);
      if (truths?.labels.length === 0 && !o.allow_negative_crop) return undefined;
      replacePixels(sample, cutPixels(image, window));
      if (truths) sample.truths = truths;
      if (sample.proposals) sample.proposals = cropProposals(sample.proposals, window, o);
      return sample;
    };
  },
});

function draw({ width: w, height: h }: AnyImage, { crop_size: [a, b], crop_type }: Options, random: Random): Window {
  const between = (low: number, high: number) => low + random.integer(high - low + 1);
  let [height, width] = [Math.min(b, h), Math.min(a, w)];
  if (crop_type === 'absolute_range') {
    height = between(Math.min(h, a), Math.min(h, b));
    width = between(Math.min(w, a), Math.min(w, b));
  } else if (crop_type !== 'absolute') {
    const range = crop_type === 'relative_range';
    // relative gives the width first, relative_range the height
    const share = (least: number) => (range ? least + random.uniform() * (1 - least) : least);
    const [tall, wide] = range ? [share(a), share(b)] : [b, a];
    height = Math.max(1, Math.floor(h * tall + 0.5));
    width = Math.max(1, Math.floor(w * wide + 0.5));
  }
  const top = random.integer(Math.max(h - height, 0) + 1);
  return { height, width, top, left: random.integer(Math.max(w - width, 0) + 1) };
}

/** Boxes in the frame of the window, and the indices of those that reach into it. */
function cropBoxes(boxes: Float32Array, window: Window, clip: boolean): { boxes: Float32Array; kept: number[] } {
  const moved = shiftBoxes(boxes, -window.left, -window.top);
  const { width, height } = window;
  return { boxes: clip ? clipBoxes(moved, [height, width]) : moved, kept: boxesInside(moved, [height, width]) };
}

function cropTruths(truths: Truths, window: Window, o: Options): Truths {
  const { boxes, kept } = cropBoxes(truths.bboxes, window, o.bbox_clip_border);
  const cropped = takeTruths({ ...truths, bboxes: boxes }, kept);
  if (!cropped.masks) return cropped;
  cropped.masks = cropMasks(cropped.masks, window);
  if (o.recompute_bbox)
    for (const [k, mask] of toRles(cropped.masks).entries()) {
      const [x, y, w, h] = rleToBox(mask);
      cropped.bboxes.set([x, y, x + w, y + h], 4 * k);
    }
  return cropped;
}

function cropProposals(proposals: ProposalBoxes, window: Window, o: Options): ProposalBoxes {
  const { boxes, kept } = cropBoxes(proposals.bboxes, window, o.bbox_clip_border);
  return { bboxes: takeBoxes(boxes, kept), scores: Float32Array.from(kept, (i) => proposals.scores[i]) };
}
