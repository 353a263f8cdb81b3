// MixUp (MMDetection 3.x) inside a MultiImageMixDataset, RTMDet's CachedMixUp, whose other image is a recent one, and
// MMYOLO's YOLOXMixUp, which loads it with pre_transform. All three mix as YOLOX does.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { returnPixels } from '../pixels/pixel-pool';
import { mixOptions, mixTransform } from './mix-options';
import { drawMixUp, mixUp } from './mix-up-images';
import { cachedCount, drawAge, drawOtherImages, otherImagesOf } from './other-images';
import { replacePixels, type Sample, type Transform } from './sample';

const side = z.number().int().positive();
const level = z.number().min(0).max(255);

const shared = {
  img_scale: z
    .tuple([side, side])
    .default([640, 640])
    .describe('[width, height] that the other image is resized to fit'),
  ratio_range: z
    .tuple([z.number().positive(), z.number().positive()])
    .default([0.5, 1.5])
    .describe('Range of the scale factor of the other image'),
  flip_ratio: z.number().min(0).max(1).default(0.5).describe('Probability of not flipping the other image'),
  pad_val: z
    .union([level, z.tuple([level, level, level])])
    .default(114)
    .describe('Padding value'),
  bbox_clip_border: z.boolean().default(true).describe('Clip boxes to the image'),
};
const iterations = {
  max_iters: z.number().int().positive().default(15).describe('Maximum draws of another image with ground truth'),
};
type Shared = z.output<z.ZodObject<typeof shared>>;

/** Mixes `other` into the sample, unless it has no ground truth. */
function mixIn(sample: Sample, other: Sample | undefined, o: Shared, random: Random, dropOutside: boolean): Sample {
  if (!other?.truths || other.truths.labels.length === 0) return sample;
  const { image, truths } = mixUp(sample, other, drawMixUp(o, random), o, dropOutside);
  sample.truths = truths;
  replacePixels(sample, image);
  return sample;
}

export const MixUp = defineModule({
  kind: 'transform',
  type: 'MixUp',
  summary: 'Averages the image with another one',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example: "{ type: 'MixUp', img_scale: [640, 640], ratio_range: [0.8, 1.6] }",
  options: z.strictObject({ ...shared, ...iterations }),
  build: (o): Transform => {
    return async (sample, random) => {
      const otherImages = otherImagesOf(sample, 'MixUp');
      const draw = async () => {
        let index = random.integer(otherImages.count);
        for (let i = 1; i < o.max_iters && otherImages.record(index).truths.labels.length === 0; i++)
          index = random.integer(otherImages.count);
        return [await otherImages.load(index, random.fork(1))];
      };
      const [other] = await drawOtherImages(1, 'MixUp', random, draw);
      const mixed = mixIn(sample, other, o, random, true);
      if (other.image) returnPixels(other.image.data);
      return mixed;
    };
  },
});

export const CachedMixUp = defineModule({
  kind: 'transform',
  type: 'CachedMixUp',
  summary: 'Averages the image with a recent one from a cache',
  paper: 'Lyu et al., RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example: "{ type: 'CachedMixUp', img_scale: [640, 640], ratio_range: [1, 1], max_cached_images: 20 }",
  options: z.strictObject({
    ...shared,
    ...iterations,
    max_cached_images: z.number().int().min(2).default(20).describe('Capacity of the cache, images'),
    random_pop: z.boolean().default(true).describe('Evict a random image from the full cache; false: the oldest'),
    prob: z.number().min(0).max(1).default(1).describe('Probability'),
  }),
  build: (o): Transform => {
    return async (sample, random) => {
      const otherImages = otherImagesOf(sample, 'CachedMixUp');
      if (cachedCount(otherImages, o) <= 1 || random.uniform() > o.prob) return sample;
      const draw = async () => {
        let other: Sample | undefined;
        for (let i = 0; i < o.max_iters && !other?.truths?.labels.length; i++)
          other = await otherImages.earlier(drawAge(otherImages, o, random));
        return [other];
      };
      const [other] = await drawOtherImages(1, 'CachedMixUp', random, draw);
      return mixIn(sample, other, o, random, true);
    };
  },
});

export const YOLOXMixUp = defineModule({
  kind: 'transform',
  type: 'YOLOXMixUp',
  summary: "MMYOLO's MixUp of YOLOX: averages the image with another one",
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example: "{ type: 'YOLOXMixUp', pre_transform: [{ type: 'LoadImageFromFile' }, { type: 'LoadAnnotations' }] }",
  options: z.strictObject({
    ...shared,
    prob: z.number().min(0).max(1).default(1).describe('Probability'),
    ...mixOptions(20),
  }),
  build: (o, context): Transform =>
    mixTransform('YOLOXMixUp', 1, o, context, (sample, [other], random) =>
      mixIn(sample, other, o, random, !o.bbox_clip_border),
    ),
});
