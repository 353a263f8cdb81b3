// The options that MMYOLO's transforms of several images share, and how these come by the other images.

import { z } from 'zod';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Random } from '../../random';
import { cachedCount, companionsOf, drawAge, drawCompanions, FEW } from './companions';
import type { Sample, Transform } from './sample';

/** @param cached default size of the cache */
export const mixOptions = (cached: number) => ({
  pre_transform: z
    .array(moduleOption('transform'))
    .nullish()
    .describe('What the other images go through; a MultiImageMixDataset around it loads them itself'),
  use_cached: z.boolean().default(false).describe('Other images are some of those that came last'),
  max_cached_images: z.number().int().min(2).default(cached).describe('How many of them'),
  random_pop: z.boolean().default(true).describe('The cache drops images at random; false: the oldest'),
  max_refetch: z.number().int().positive().default(15).describe('Accepted: images of no use are drawn anew 15 times'),
});
type MixOptions = z.output<z.ZodObject<ReturnType<typeof mixOptions>>>;

/**
 * A transform that mixes a sample, with probability `prob`, with `count` others: taken at random from the data set or,
 * where asked for, from those that came last.
 */
export function mixing(
  type: string,
  count: number,
  o: MixOptions & { prob: number },
  { registry, path }: BuildContext,
  mix: (sample: Sample, others: Sample[], random: Random) => Sample,
): Transform {
  const steps = o.pre_transform?.map((config: ModuleConfig, i) =>
    registry.build<Transform>('transform', config, { path: `${path}.pre_transform.${i}` }),
  );
  return async (sample, random) => {
    if (random.uniform() > o.prob) return sample;
    const companions = companionsOf(sample, type);
    if (o.use_cached && cachedCount(companions, o) <= FEW) return sample;
    const draw = () =>
      o.use_cached
        ? companions.earlier(drawAge(companions, o, random))
        : companions.load(random.integer(companions.count), random.fork(1), steps);
    const others = await drawCompanions(count, type, random, () => Promise.all(Array.from({ length: count }, draw)));
    return mix(sample, others, random);
  };
}
