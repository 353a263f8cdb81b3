// The samples of every batch of an epoch, as MMDetection's DefaultSampler and AspectRatioBatchSampler order them.

import { streamFor } from './random-streams';

export interface OrderOptions {
  batchSize: number;
  shuffle: boolean;
  seed: number;
  /** Batch portrait images (width < height) and landscape images separately, to reduce padding. */
  aspectRatioGrouping: boolean;
  /** Drop the last batch if it is smaller than `batchSize`. */
  dropLast: boolean;
  /** The part of one of several processes; all images when absent. */
  shard?: Shard;
}

/** Of `size` processes the one with number `rank`, from 0. */
export interface Shard {
  rank: number;
  size: number;
}

/** Images of an epoch of one process: as many in each, so that some come twice where they do not divide evenly. */
export const shardLength = (images: number, { shard }: Pick<OrderOptions, 'shard'>): number =>
  shard ? Math.ceil(images / shard.size) : images;

/** What the order depends on: number and orientation of the images. */
export interface OrderedImages {
  readonly length: number;
  /** Whether an image is taller than wide. */
  upright(index: number): boolean;
}

export const imagesOf = (records: readonly { width: number; height: number }[]): OrderedImages => ({
  length: records.length,
  upright: (index) => records[index].width < records[index].height,
});

/** The record indices of every batch of `epoch`. */
export function batchOrder(images: OrderedImages, epoch: number, options: OrderOptions): number[][] {
  const { batchSize, dropLast } = options;
  const order = options.shuffle
    ? streamFor(options.seed, epoch).permutation(images.length)
    : Int32Array.from({ length: images.length }, (_, i) => i);
  const own = shardOf(order, options);
  const batches: number[][] = [];
  const groups: [number[], number[]] = [[], []];
  for (const index of own) {
    const group = groups[options.aspectRatioGrouping && images.upright(index) ? 0 : 1];
    group.push(index);
    if (group.length === batchSize) batches.push(group.splice(0));
  }
  // the remainders of both groups share batches, portrait images first
  const rest = [...groups[0], ...groups[1]];
  while (rest.length >= batchSize) batches.push(rest.splice(0, batchSize));
  if (rest.length > 0 && !dropLast) batches.push(rest);
  return batches;
}

/** The order's images rank, rank + size, ..., filled up from its front, as mmengine's DefaultSampler shares them out. */
function shardOf(order: Int32Array, options: OrderOptions): Int32Array {
  const { shard } = options;
  if (!shard) return order;
  return Int32Array.from(
    { length: shardLength(order.length, options) },
    (_, i) => order[(shard.rank + i * shard.size) % order.length],
  );
}
