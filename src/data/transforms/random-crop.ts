// RandomCrop (MMDetection 3.x): a random crop of the image and its ground truth. If a crop without ground truth is not
// allowed, the sample is discarded.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesOfMasks, cropMasks, cropSemantic } from '../../masks';
import type { Random } from '../../random';
import { recordMove } from '../homography';
import { takeInstances } from '../instances';
import { clipInstances, instancesInside, shiftInstances } from '../move-boxes';
import { cropPixels, type Window } from '../pixels/pixel-image';
import type { AnyImage, ProposalBoxes, Truths } from '../types';
import { pixelsOf, type Transform } from './sample';

const options = z
  .strictObject({
    crop_size: z.tuple([z.number().positive(), z.number().positive()]).describe('Size of the crop; see crop_type'),
    crop_type: z
      .enum(['absolute', 'absolute_range', 'relative', 'relative_range'])
      .default('absolute')
      .describe(
        'absolute: [width, height] in pixels; absolute_range: sides drawn from [min, max] pixels; relative: fractions of ' +
          'width and height; relative_range: minimum fractions of height and width',
      ),
    allow_negative_crop: z.boolean().default(false).describe('Allow crops without ground truth'),
    recompute_bbox: z.boolean().default(false).describe('Recompute boxes from the cropped masks'),
    bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the crop'),
  })
  .superRefine(({ crop_size, crop_type }, context) => {
    const relative = crop_type.startsWith('relative');
    const reject = (message: string) => context.addIssue({ code: 'custom', path: ['crop_size'], message });
    if (relative && crop_size.some((v) => v > 1)) reject(`expected fractions <= 1 with crop_type "${crop_type}"`);
    if (!relative && !crop_size.every(Number.isInteger)) reject(`expected whole pixels with crop_type "${crop_type}"`);
    if (crop_type === 'absolute_range' && crop_size[0] > crop_size[1]) reject('expected [min, max]');
  });
type Options = z.output<typeof options>;

export const RandomCrop = defineModule({
  kind: 'transform',
  type: 'RandomCrop',
  summary: 'Random crop of the image and its ground truth',
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
      sample.image = cropPixels(image, window);
      sample.meta.imgShape = [window.height, window.width];
      recordMove(sample.meta, [1, 0, -window.left, 0, 1, -window.top]);
      if (sample.semantic) sample.semantic = cropSemantic(sample.semantic, window);
      if (truths) sample.truths = truths;
      if (sample.proposals) sample.proposals = cropInstances(sample.proposals, window, o.bbox_clip_border);
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
    const fraction = (min: number) => (range ? min + random.uniform() * (1 - min) : min);
    const [ofHeight, ofWidth] = range ? [fraction(a), fraction(b)] : [b, a];
    height = Math.max(1, Math.floor(h * ofHeight + 0.5));
    width = Math.max(1, Math.floor(w * ofWidth + 0.5));
  }
  const top = random.integer(Math.max(h - height, 0) + 1);
  return { height, width, top, left: random.integer(Math.max(w - width, 0) + 1) };
}

/** The instances that overlap the window, in its frame. */
function cropInstances<T extends Truths | ProposalBoxes>(instances: T, window: Window, clip: boolean): T {
  const size: [number, number] = [window.height, window.width];
  const moved = shiftInstances(instances, -window.left, -window.top);
  return takeInstances(clip ? clipInstances(moved, size) : moved, instancesInside(moved, size));
}

function cropTruths(truths: Truths, window: Window, o: Options): Truths {
  const cropped = cropInstances(truths, window, o.bbox_clip_border);
  if (!cropped.masks) return cropped;
  cropped.masks = cropMasks(cropped.masks, window);
  if (o.recompute_bbox) cropped.bboxes = boxesOfMasks(cropped.masks);
  return cropped;
}
