// Draws the other images that Mosaic and MixUp mix into a sample. They depend on the seed and the position in the training
// order alone, so that any number of workers and a resumed run see the same.

import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import type { OtherImages, Sample } from './sample';

/** Draws before a transform fails. */
export const MAX_DRAWS = 15;

/** @throws DetLabError when the sample has no dataset: in prediction, or a pipeline run outside of training. */
export function otherImagesOf({ otherImages, record }: Sample, transform: string): OtherImages {
  if (otherImages) return otherImages;
  throw new DetLabError(
    `Cannot run ${transform} on "${record.path}": it needs other images of a dataset, received a single image. ` +
      `Remove ${transform} from the test pipeline`,
  );
}

/**
 * `count` other images, redrawn while one of them cannot be used.
 * @throws DetLabError after 15 draws
 */
export async function drawOtherImages(
  count: number,
  transform: string,
  random: Random,
  draw: () => Promise<(Sample | undefined)[]>,
): Promise<Sample[]> {
  for (let attempt = 0; attempt < MAX_DRAWS; attempt++) {
    const samples = (await draw()).filter((sample) => sample !== undefined);
    if (samples.length === count) return samples;
    random.uint32();
  }
  throw new DetLabError(
    `Cannot run ${transform}: ${MAX_DRAWS} draws of ${count} other images in a row had an unusable image. ` +
      "Check the dataset's folder and the transforms before it",
  );
}

export interface CacheOptions {
  max_cached_images: number;
  random_pop: boolean;
}

/** Samples are mixed only when the cache holds more images than this. */
export const MIN_CACHED = 4;

/** Number of images in MMDetection's cache of recent samples, including the current one. */
export const cachedCount = ({ before }: OtherImages, { max_cached_images }: CacheOptions): number =>
  Math.min(before + 1, max_cached_images);

/**
 * The age of another image drawn from that cache of n. If the oldest image is evicted, ages 1 to n - 1 are uniform; if a
 * random one is, the probability of an age falls by (n - 1) / n per step.
 */
export function drawAge(otherImages: OtherImages, options: CacheOptions, random: Random): number {
  const size = cachedCount(otherImages, options);
  if (!options.random_pop || size < options.max_cached_images) return 1 + random.integer(size - 1);
  const survival = 1 - 1 / size;
  // geometric, truncated at the first sample of the run
  const mass = 1 - survival ** otherImages.before;
  const age = 1 + Math.floor(Math.log(1 - random.uniform() * mass) / Math.log(survival));
  return Math.min(age, otherImages.before);
}
