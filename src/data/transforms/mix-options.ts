// The options that MMYOLO's Mosaic and MixUp transforms share, and how they draw the other images.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Random } from '../../random';
import { returnPixels } from '../pixels/pixel-pool';
import { cachedCount, drawAge, drawOtherImages, MIN_CACHED, otherImagesOf } from './other-images';
import type { Sample, Transform } from './sample';

/** @param cached default capacity of the cache */
export const mixOptions = (cached: number) => ({
  pre_transform: z
    .array(moduleOption('transform'))
    .nullish()
    .describe('Transforms that load the other images; inside a MultiImageMixDataset its own pipeline does'),
  use_cached: z.boolean().default(false).describe('Draw the other images from a cache of recent images'),
  max_cached_images: z.number().int().min(2).default(cached).describe('Capacity of the cache, images'),
  random_pop: z.boolean().default(true).describe('Evict a random image from the full cache; false: the oldest'),
  max_refetch: ignoredOption('unusable images are redrawn 15 times', { schema: z.int().positive().default(15) }),
});
type MixOptions = z.output<z.ZodObject<ReturnType<typeof mixOptions>>>;

/**
 * A transform that, with probability `prob`, mixes a sample with `count` others: random images of the dataset or, with
 * `use_cached`, recent ones.
 */
export function mixTransform(
  type: string,
  count: number,
  o: MixOptions & { prob: number },
  { registry, path }: BuildContext,
  mix: (sample: Sample, others: Sample[], random: Random) => Sample,
): Transform {
  const steps = o.pre_transform?.map((config: ModuleConfig, i) =>
    registry.build('transform', config, { path: `${path}.pre_transform.${i}` }),
  );
  return async (sample, random) => {
    if (random.uniform() > o.prob) return sample;
    const otherImages = otherImagesOf(sample, type);
    if (o.use_cached && cachedCount(otherImages, o) <= MIN_CACHED) return sample;
    const draw = () =>
      o.use_cached
        ? otherImages.earlier(drawAge(otherImages, o, random))
        : otherImages.load(random.integer(otherImages.count), random.fork(1), steps);
    const others = await drawOtherImages(count, type, random, () => Promise.all(Array.from({ length: count }, draw)));
    const mixed = mix(sample, others, random);
    if (!o.use_cached) for (const { image } of others) if (image) returnPixels(image.data);
    return mixed;
  };
}
