// RandomCrop (MMDetection 3.x): a window of the image, and what is left of its truths. Where a window without truths is not
// allowed, another is drawn, and after 50 the image stays whole; MMDetection goes on to another image instead.

import { z } from 'zod';
import { cropMasks, rleToBox, takeMasks, toRles } from '../../masks';
import type { Random } from '../../random';
import { defineModule } from '../../registry';
import type { PixelImage, Truths } from '../types';
import { pixelsOf, type Transform } from './sample';

const ATTEMPTS = 50;

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

interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

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
      let window = draw(image, o, random);
      let truths = sample.truths && cropTruths(sample.truths, window, o);
      const enough = () => o.allow_negative_crop || !truths || truths.labels.length > 0;
      for (let attempt = 1; !enough(); attempt++) {
        if (attempt === ATTEMPTS) return sample;
        window = draw(image, o, random);
        truths = sample.truths && cropTruths(sample.truths, window, o);
      }
      sample.image = cropPixels(image, window);
      sample.meta.imgShape = [window.height, window.width];
      if (truths) sample.truths = truths;
      if (sample.proposals) sample.proposals = cropProposals(sample.proposals, window, o);
      return sample;
    };
  },
});

function draw({ width: w, height: h }: PixelImage, { crop_size: [a, b], crop_type }: Options, random: Random): Window {
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

function cropPixels({ data, width, order }: PixelImage, window: Window): PixelImage {
  const out = new Uint8Array(window.height * window.width * 3);
  for (let y = 0; y < window.height; y++) {
    const from = ((window.top + y) * width + window.left) * 3;
    out.set(data.subarray(from, from + window.width * 3), y * window.width * 3);
  }
  return { data: out, width: window.width, height: window.height, order };
}

/** Boxes in the frame of the window, and the indices of those that reach into it. */
function cropBoxes(boxes: Float32Array, window: Window, clip: boolean): { boxes: Float32Array; kept: number[] } {
  const limit = [window.width, window.height];
  const moved = boxes.map((v, i) => {
    const shifted = v - (i & 1 ? window.top : window.left);
    return clip ? Math.min(Math.max(shifted, 0), limit[i & 1]) : shifted;
  });
  const kept = Array.from({ length: boxes.length / 4 }, (_, i) => i).filter((i) => {
    const [x1, y1, x2, y2] = moved.subarray(4 * i, 4 * i + 4);
    return x1 < window.width && y1 < window.height && x2 > 0 && y2 > 0;
  });
  const out = new Float32Array(kept.length * 4);
  for (const [k, i] of kept.entries()) out.set(moved.subarray(4 * i, 4 * i + 4), 4 * k);
  return { boxes: out, kept };
}

function cropTruths(truths: Truths, window: Window, o: Options): Truths {
  const { boxes, kept } = cropBoxes(truths.bboxes, window, o.bbox_clip_border);
  const cropped: Truths = {
    bboxes: boxes,
    labels: Int32Array.from(kept, (i) => truths.labels[i]),
    ignored: Uint8Array.from(kept, (i) => truths.ignored[i]),
  };
  if (!truths.masks) return cropped;
  cropped.masks = cropMasks(takeMasks(truths.masks, kept), window);
  if (o.recompute_bbox)
    for (const [k, mask] of toRles(cropped.masks).entries()) {
      const [x, y, w, h] = rleToBox(mask);
      cropped.bboxes.set([x, y, x + w, y + h], 4 * k);
    }
  return cropped;
}

function cropProposals(proposals: { bboxes: Float32Array; scores: Float32Array }, window: Window, o: Options) {
  const { boxes, kept } = cropBoxes(proposals.bboxes, window, o.bbox_clip_border);
  return { bboxes: boxes, scores: Float32Array.from(kept, (i) => proposals.scores[i]) };
}
