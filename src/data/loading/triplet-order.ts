// Batches of triplets: in place of each image come images of its identity and of others, as ReIDDataset's triplet_sampler of MMDetection
// draws them; there another identity is told by its place in the list of all, here by its number.

import { DetLabError } from '../../errors';
import type { OrderedSample } from './ordered-sample';
import { streamFor } from './random-streams';

export interface Triplets {
  numIds: number;
  perId: number;
  /** Of each record. */
  identities: Int32Array;
}

/** Images that take the place of one. */
export const tripletSize = ({ numIds, perId }: Triplets): number => numIds * perId;

/** @throws DetLabError for data of fewer identities than a batch has */
export function tripletOrder(
  batches: readonly OrderedSample[][],
  { numIds, perId, identities }: Triplets,
  seed: number,
): OrderedSample[][] {
  const images = new Map<number, number[]>();
  for (const [index, identity] of identities.entries()) images.set(identity, [...(images.get(identity) ?? []), index]);
  if (images.size < numIds)
    throw new DetLabError(
      `Cannot draw triplets: expected images of at least ${numIds} identities (num_ids of triplet_sampler), the data has ` +
        `${images.size}. Set a smaller num_ids`,
    );
  return batches.map((batch) =>
    batch.flatMap(({ index, pass }) => {
      const random = streamFor(seed, pass, index, -2);
      const own = identities[index];
      const others = [...images.keys()].filter((identity) => identity !== own);
      const drawn = [own, ...Array.from(random.permutation(others.length, numIds - 1), (i) => others[i])];
      return drawn.flatMap((identity, k) => {
        const among = images.get(identity)!;
        // an image that comes twice goes through its transforms with numbers of their own
        return Array.from({ length: perId }, (_, j) => ({
          index: among[random.integer(among.length)],
          pass: ((pass * identities.length + index) * numIds + k) * perId + j,
        }));
      });
    }),
  );
}
