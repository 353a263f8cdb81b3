// CachedMosaic (MMDetection 3.x; Lyu et al., RTMDet): Mosaic with images from a cache of recent samples. The cache follows
// from the training order, not from process state: a resumed run mixes the same images.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { drawCenter, mosaicOptions } from './mosaic';
import { mosaic } from './mosaic-tiles';
import { cachedCount, drawAge, drawOtherImages, MIN_CACHED, otherImagesOf } from './other-images';
import { replacePixels, type Transform } from './sample';

export const CachedMosaic = defineModule({
  kind: 'transform',
  type: 'CachedMosaic',
  summary: 'Mosaic of four images, three of them from a cache of recent images',
  paper: 'Lyu et al., RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022',
  shapes: '4 x [H, W, 3] -> [2 h, 2 w, 3]',
  example: "{ type: 'CachedMosaic', img_scale: [640, 640], max_cached_images: 40 }",
  options: z.strictObject({
    ...mosaicOptions,
    max_cached_images: z.number().int().min(4).default(40).describe('Capacity of the cache, images'),
    random_pop: z.boolean().default(true).describe('Evict a random image from the full cache; false: the oldest'),
  }),
  build: (o): Transform => {
    return async (sample, random) => {
      const otherImages = otherImagesOf(sample, 'CachedMosaic');
      if (cachedCount(otherImages, o) <= MIN_CACHED || random.uniform() > o.prob) return sample;
      const others = await drawOtherImages(3, 'CachedMosaic', random, () =>
        Promise.all([0, 1, 2].map(() => otherImages.earlier(drawAge(otherImages, o, random)))),
      );
      const { image, truths } = mosaic([sample, ...others], drawCenter(o, random), o, 'mmdet');
      sample.truths = truths;
      replacePixels(sample, image);
      return sample;
    };
  },
});
