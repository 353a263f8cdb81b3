// The order of MMDetection's CustomSampleSizeSampler: of each of several joined data sets so many images an epoch, all of one
// before an image of it comes again, also from epoch to epoch. A resumed run goes on where its epoch is; the reference begins anew.

export interface SampleSizes {
  /** Of each data set, the indices of its images. */
  images: readonly Int32Array[];
  /** How many of them an epoch has; -1: all, once. */
  sizes: readonly number[];
}

/** Permutation of 0 .. n-1 number `turn` of a data set's images; without both, that of the whole epoch. */
export type Shuffles = (n: number, dataset?: number, turn?: number) => Int32Array;

/** Samples of an epoch. */
export const sampleSizeTotal = ({ images, sizes }: SampleSizes): number =>
  sizes.reduce((sum, size, i) => sum + (size === -1 ? images[i].length : size), 0);

export function sampleSizeOrder({ images, sizes }: SampleSizes, epoch: number, shuffle: Shuffles): Int32Array {
  const drawn = images.map((list, i) =>
    sizes[i] === -1 ? list : nextOf(list, i, epoch * sizes[i], sizes[i], shuffle),
  );
  const all = Int32Array.from(drawn.flatMap((list) => [...list]));
  return shuffle(all.length).map((at) => all[at]);
}

/** `size` images of a list that is gone through again and again in random order, after `start` others. */
function nextOf(list: Int32Array, dataset: number, start: number, size: number, shuffle: Shuffles): Int32Array {
  let known: { turn: number; order: Int32Array } = { turn: -1, order: new Int32Array() };
  return Int32Array.from({ length: size }, (_, i) => {
    const turn = Math.floor((start + i) / list.length);
    if (known.turn !== turn) known = { turn, order: shuffle(list.length, dataset, turn) };
    return list[known.order[(start + i) % list.length]];
  });
}
