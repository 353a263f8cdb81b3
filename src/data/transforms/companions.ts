// The other images of a data set, for transforms that put several into one (Mosaic, MixUp). What they give depends on the
// seed and the place in the order of training alone, so that any number of workers and a resumed run see the same.

import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import type { Companions, Sample } from './sample';

/** How often other images are drawn before a transform gives up. */
export const MAX_DRAWS = 15;

/** @throws DetLabError when the sample stands alone: predictions, or a pipeline that is run outside of training. */
export function companionsOf({ companions, record }: Sample, transform: string): Companions {
  if (companions) return companions;
  throw new DetLabError(
    `Cannot run ${transform} on "${record.path}": it needs other images of the data set, and this one stands alone. ` +
      `Leave ${transform} out of the pipelines of tests and predictions`,
  );
}

/**
 * `count` other images, drawn anew while one of them cannot be used.
 * @throws DetLabError after 15 times
 */
export async function drawCompanions(
  count: number,
  transform: string,
  random: Random,
  draw: () => Promise<(Sample | undefined)[]>,
): Promise<Sample[]> {
  for (let attempt = 0; attempt < MAX_DRAWS; attempt++) {
    const found = (await draw()).filter((sample) => sample !== undefined);
    if (found.length === count) return found;
    random.uint32();
  }
  throw new DetLabError(
    `Cannot run ${transform}: ${MAX_DRAWS} times in a row the images drawn to go with one are of no use. ` +
      "Check the data set's folder and the transforms before it",
  );
}

export interface CacheOptions {
  max_cached_images: number;
  random_pop: boolean;
}

/** A cache with no more images than this is not mixed from. */
export const FEW = 4;

/** How many images MMDetection's cache of the last ones holds, the one at hand among them. */
export const cachedCount = ({ before }: Companions, { max_cached_images }: CacheOptions): number =>
  Math.min(before + 1, max_cached_images);

/**
 * The age of another image taken at random from that cache of n. One that drops the oldest holds the ages 1 to n - 1 alike;
 * one that drops any of the others at random holds each age with a chance that falls by (n - 1) / n.
 */
export function drawAge(companions: Companions, options: CacheOptions, random: Random): number {
  const size = cachedCount(companions, options);
  if (!options.random_pop || size < options.max_cached_images) return 1 + random.integer(size - 1);
  const stay = 1 - 1 / size;
  // a geometric draw, cut off where training began
  const cut = 1 - stay ** companions.before;
  const beyond = Math.floor(Math.log(1 - random.uniform() * cut) / Math.log(stay));
  return Math.min(1 + beyond, companions.before);
}
