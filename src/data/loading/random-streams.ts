// Independent random streams by key: the order of an epoch and the augmentation of each sample depend on
// (seed, epoch, index) alone, so that a resumed run and any number of workers see the same data.

import { Random } from '../../random';

/** The stream of `seed` and `salts` (integers), e.g. `(seed, epoch, sampleIndex)`. */
export function streamFor(seed: number, ...salts: number[]): Random {
  let h = mix(seed | 0);
  for (const salt of salts) h = mix(h ^ mix((salt | 0) + 0x9e3779b9));
  const random = Random.seeded(h);
  for (let i = 0; i < 4; i++) random.uint32(); // the first outputs of xoroshiro128+ correlate with the seed
  return random;
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
