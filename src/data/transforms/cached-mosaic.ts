// CachedMosaic (MMDetection 3.x; Lyu et al., RTMDet): Mosaic whose other images are some of those that came last. Which
// those are follows from the order of training, not from a memory of the process: a resumed run mixes the same images.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { cachedCount, companionsOf, drawAge, drawCompanions, FEW } from './companions';
import { drawCenter, mosaicOptions } from './mosaic';
import { mosaic } from './mosaic-tiles';
import { replacePixels, type Transform } from './sample';

export const CachedMosaic = defineModule({
  kind: 'transform',
  type: 'CachedMosaic',
  summary: 'Puts four images into one of twice the size, three of them from those that came last',
  paper: 'Lyu et al., RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022',
  shapes: '4 x [H, W, 3] -> [2 h, 2 w, 3]',
  example: "{ type: 'CachedMosaic', img_scale: [640, 640], max_cached_images: 40 }",
  options: z.strictObject({
    ...mosaicOptions,
    max_cached_images: z.number().int().min(4).default(40).describe('How many images the cache holds'),
    random_pop: z.boolean().default(true).describe('The cache drops images at random; false: the oldest'),
  }),
  build: (o): Transform => {
    return async (sample, random) => {
      const companions = companionsOf(sample, 'CachedMosaic');
      if (cachedCount(companions, o) <= FEW || random.uniform() > o.prob) return sample;
      const others = await drawCompanions(3, 'CachedMosaic', random, () =>
        Promise.all([0, 1, 2].map(() => companions.earlier(drawAge(companions, o, random)))),
      );
      const { image, truths } = mosaic([sample, ...others], drawCenter(o, random), o, 'mmdet');
      sample.truths = truths;
      replacePixels(sample, image);
      return sample;
    };
  },
});
