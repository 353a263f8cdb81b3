// MixUp (MMDetection 3.x) inside a MultiImageMixDataset, CachedMixUp of RTMDet, whose other image is one of those that came
// last, and MMYOLO's YOLOXMixUp, which takes it through pre_transform. All three mix as YOLOX does.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Random } from '../../random';
import { cachedCount, companionsOf, drawAge, drawCompanions } from './companions';
import { mixing, mixOptions } from './mix-options';
import { drawMixUp, mixUp } from './mix-up-images';
import { replacePixels, type Sample, type Transform } from './sample';

const side = z.number().int().positive();
const level = z.number().min(0).max(255);

const shared = {
  img_scale: z.tuple([side, side]).default([640, 640]).describe('[width, height] that the other image is fitted into'),
  ratio_range: z
    .tuple([z.number().positive(), z.number().positive()])
    .default([0.5, 1.5])
    .describe('Bounds of the factor on the other image'),
  flip_ratio: z.number().min(0).max(1).default(0.5).describe('Share of other images that are not mirrored'),
  pad_val: z
    .union([level, z.tuple([level, level, level])])
    .default(114)
    .describe('Level where no image lies'),
  bbox_clip_border: z.boolean().default(true).describe('Boxes end at the border'),
};
const iterations = {
  max_iters: z.number().int().positive().default(15).describe('How often another image without truths is drawn anew'),
};
type Shared = z.output<z.ZodObject<typeof shared>>;

/** Mixes `other` in, unless it has no truths. */
function mixIn(sample: Sample, other: Sample | undefined, o: Shared, random: Random, drops: boolean): Sample {
  if (!other?.truths || other.truths.labels.length === 0) return sample;
  const { image, truths } = mixUp(sample, other, drawMixUp(o, random), o, drops);
  sample.truths = truths;
  replacePixels(sample, image);
  return sample;
}

export const MixUp = defineModule({
  kind: 'transform',
  type: 'MixUp',
  summary: 'Mixes the image half and half with another',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example: "{ type: 'MixUp', img_scale: [640, 640], ratio_range: [0.8, 1.6] }",
  options: z.strictObject({ ...shared, ...iterations }),
  build: (o): Transform => {
    return async (sample, random) => {
      const companions = companionsOf(sample, 'MixUp');
      const draw = async () => {
        let index = random.integer(companions.count);
        for (let i = 1; i < o.max_iters && companions.record(index).truths.labels.length === 0; i++)
          index = random.integer(companions.count);
        return [await companions.load(index, random.fork(1))];
      };
      const [other] = await drawCompanions(1, 'MixUp', random, draw);
      return mixIn(sample, other, o, random, true);
    };
  },
});

export const CachedMixUp = defineModule({
  kind: 'transform',
  type: 'CachedMixUp',
  summary: 'Mixes the image half and half with one of those that came last',
  paper: 'Lyu et al., RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example: "{ type: 'CachedMixUp', img_scale: [640, 640], ratio_range: [1, 1], max_cached_images: 20 }",
  options: z.strictObject({
    ...shared,
    ...iterations,
    max_cached_images: z.number().int().min(2).default(20).describe('How many images the cache holds'),
    random_pop: z.boolean().default(true).describe('The cache drops images at random; false: the oldest'),
    prob: z.number().min(0).max(1).default(1).describe('Probability'),
  }),
  build: (o): Transform => {
    return async (sample, random) => {
      const companions = companionsOf(sample, 'CachedMixUp');
      if (cachedCount(companions, o) <= 1 || random.uniform() > o.prob) return sample;
      const draw = async () => {
        let other: Sample | undefined;
        for (let i = 0; i < o.max_iters && !other?.truths?.labels.length; i++)
          other = await companions.earlier(drawAge(companions, o, random));
        return [other];
      };
      const [other] = await drawCompanions(1, 'CachedMixUp', random, draw);
      return mixIn(sample, other, o, random, true);
    };
  },
});

export const YOLOXMixUp = defineModule({
  kind: 'transform',
  type: 'YOLOXMixUp',
  summary: "Mixes the image half and half with another: MMYOLO's MixUp of YOLOX",
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example: "{ type: 'YOLOXMixUp', pre_transform: [{ type: 'LoadImageFromFile' }, { type: 'LoadAnnotations' }] }",
  options: z.strictObject({
    ...shared,
    prob: z.number().min(0).max(1).default(1).describe('Probability'),
    ...mixOptions(20),
  }),
  build: (o, context): Transform =>
    mixing('YOLOXMixUp', 1, o, context, (sample, [other], random) =>
      mixIn(sample, other, o, random, !o.bbox_clip_border),
    ),
});
