// Holds a part of a data set back for validation.

import type { Dataset } from '../data';
import { DetLabError } from '../errors';
import { Random } from '../random';

/** A part of the training images, drawn by `seed`, becomes the validation part. */
export function holdOut(data: Dataset, share: number, seed: number): { train: Dataset; val: Dataset } {
  if (!(share > 0 && share < 1))
    throw new DetLabError(`Cannot hold out a share of ${share}: expected a number between 0 and 1, such as 0.2`);
  const count = Math.max(1, Math.round(data.records.length * share));
  const chosen = new Set(Random.seeded(seed).permutation(data.records.length, count));
  const part = (name: string, keep: (i: number) => boolean): Dataset => ({
    ...data,
    name: `${data.name} ${name}`,
    records: data.records.filter((_, i) => keep(i)),
  });
  return { train: part('train', (i) => !chosen.has(i)), val: part('val', (i) => chosen.has(i)) };
}
