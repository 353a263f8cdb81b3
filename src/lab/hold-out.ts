// Splits a dataset into training and validation images.

import type { Dataset } from '../data';
import { DetLabError } from '../errors';
import { Random } from '../random';

/** @param share of the images drawn at random, by `seed`, for validation */
export function holdOut(data: Dataset, share: number, seed: number): { train: Dataset; val: Dataset } {
  if (!(share > 0 && share < 1))
    throw new DetLabError(
      `Cannot split "${data.name}": expected a share between 0 and 1, such as 0.2, received ${share}`,
    );
  const count = Math.max(1, Math.round(data.records.length * share));
  const validation = new Set(Random.seeded(seed).permutation(data.records.length, count));
  const subset = (name: string, includes: (i: number) => boolean): Dataset => ({
    ...data,
    name: `${data.name} ${name}`,
    records: data.records.filter((_, i) => includes(i)),
  });
  return { train: subset('train', (i) => !validation.has(i)), val: subset('val', (i) => validation.has(i)) };
}
