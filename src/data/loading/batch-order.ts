// The samples of every batch of an epoch, as mmengine's DefaultSampler and InfiniteSampler and MMDetection's
// AspectRatioBatchSampler order them.

import type { Random } from '../../random';
import { type ClassAware, classAwareOrder } from './class-aware-order';
import { type MultiSource, multiSourceOrder } from './multi-source-order';
import type { OrderedImages, OrderedSample, Shard } from './ordered-sample';
import { streamFor } from './random-streams';
import { type SampleSizes, sampleSizeOrder, sampleSizeTotal } from './sample-size-order';
import { type Triplets, tripletOrder } from './triplet-order';

export interface OrderOptions {
  batchSize: number;
  shuffle: boolean;
  seed: number;
  /** Batch portrait images (width < height) and landscape images separately, to reduce padding. */
  aspectRatioGrouping: boolean;
  /** Drop the last batch if it is smaller than `batchSize`. */
  dropLast: boolean;
  /** Passes follow one another without end, as of mmengine's InfiniteSampler: a batch may span two of them. */
  endless?: boolean;
  /** Classes in turn in place of images: see `classAwareOrder`. */
  classAware?: ClassAware;
  /** So many images of each joined data set in place of all: see `sampleSizeOrder`. */
  sampleSizes?: SampleSizes;
  /** Batches of several joined data sets, of so many images of each: see `multiSourceOrder`. */
  multiSource?: MultiSource;
  /** Images of several identities in place of each: see `tripletOrder`. A batch is then larger than `batchSize`. */
  triplets?: Triplets;
  /** A frame of each video in place of all images: the indices at which the videos begin, and the end of the last. */
  videos?: Int32Array; // [videos + 1]
  /** The part of one of several processes; all images when absent. */
  shard?: Shard;
}

/** Images of an epoch of one process: as many in each, so that some come twice where they do not divide evenly. */
export function shardLength(
  images: number,
  { shard, sampleSizes, videos }: Pick<OrderOptions, 'shard' | 'sampleSizes' | 'videos'>,
): number {
  const samples = sampleSizes ? sampleSizeTotal(sampleSizes) : videos ? videos.length - 1 : images;
  return shard ? Math.ceil(samples / shard.size) : samples;
}

export const imagesOf = (records: readonly { width: number; height: number }[]): OrderedImages => ({
  length: records.length,
  upright: (index) => records[index].width < records[index].height,
});

/** Batches of an epoch, of one process. */
export function batchesOf(
  count: number,
  order: Pick<OrderOptions, 'batchSize' | 'dropLast' | 'shard' | 'sampleSizes' | 'videos'>,
): number {
  const batches = shardLength(count, order) / order.batchSize;
  return order.dropLast ? Math.floor(batches) : Math.ceil(batches);
}

function permutationOf(images: OrderedImages, pass: number, options: OrderOptions): Int32Array {
  const { seed, shuffle, classAware, sampleSizes, videos } = options;
  if (sampleSizes)
    return sampleSizeOrder(sampleSizes, pass, (n, dataset, turn = 0) =>
      (dataset === undefined ? streamFor(seed, pass) : streamFor(seed, dataset, turn)).permutation(n),
    );
  if (videos) return frameOfEach(videos, shuffle, streamFor(seed, pass));
  if (classAware) return classAwareOrder(images.length, classAware, streamFor(seed, pass));
  if (shuffle) return streamFor(seed, pass).permutation(images.length);
  return Int32Array.from({ length: images.length }, (_, i) => i);
}

/** Of every video a frame at random. */
function frameOfEach(starts: Int32Array, shuffle: boolean, random: Random): Int32Array {
  const count = starts.length - 1;
  const order = shuffle ? random.permutation(count) : Int32Array.from({ length: count }, (_, i) => i);
  return order.map((video) => starts[video] + random.integer(starts[video + 1] - starts[video]));
}

/** The samples of every batch of `epoch`. */
export function sampleOrder(images: OrderedImages, epoch: number, options: OrderOptions): OrderedSample[][] {
  const { multiSource } = options;
  if (multiSource)
    return multiSourceOrder(images, epoch, batchesOf(images.length, options), { ...options, multiSource });
  const batches = options.endless ? endlessOrder(images, epoch, options) : orderOfPass(images, epoch, options);
  return options.triplets ? tripletOrder(batches, options.triplets, options.seed) : batches;
}

function orderOfPass(images: OrderedImages, epoch: number, options: OrderOptions): OrderedSample[][] {
  const { batchSize, dropLast } = options;
  const batches: OrderedSample[][] = [];
  const groups: [OrderedSample[], OrderedSample[]] = [[], []];
  for (const index of shardOf(permutationOf(images, epoch, options), options)) {
    const group = groups[options.aspectRatioGrouping && images.upright(index) ? 0 : 1];
    group.push({ index, pass: epoch });
    if (group.length === batchSize) batches.push(group.splice(0));
  }
  // the remainders of both groups share batches, portrait images first
  const rest = [...groups[0], ...groups[1]];
  while (rest.length >= batchSize) batches.push(rest.splice(0, batchSize));
  if (rest.length > 0 && !dropLast) batches.push(rest);
  return batches;
}

/**
 * As many batches as a pass has, of permutations one after the other: a batch may span two of them, and is always full.
 * Orientations are collected over all of them, so that those batches follow from the beginning.
 */
function endlessOrder(images: OrderedImages, epoch: number, options: OrderOptions): OrderedSample[][] {
  const { aspectRatioGrouping, batchSize, shard = { rank: 0, size: 1 } } = options;
  const count = batchesOf(images.length, options);
  const length = shardLength(images.length, { ...options, shard: undefined });
  const skipped = epoch * count;
  const batches: OrderedSample[][] = [];
  // without orientations, what comes before is known by its length
  let made = aspectRatioGrouping ? 0 : skipped;
  const groups: [OrderedSample[], OrderedSample[]] = [[], []];
  let known: { pass: number; order: Int32Array } = { pass: -1, order: new Int32Array() };
  // of several processes each takes one of so many samples
  for (let at = shard.rank + made * batchSize * shard.size; batches.length < count; at += shard.size) {
    const pass = Math.floor(at / length);
    if (known.pass !== pass) known = { pass, order: permutationOf(images, pass, options) };
    const index = known.order[at % length];
    const group = groups[aspectRatioGrouping && images.upright(index) ? 0 : 1];
    group.push({ index, pass });
    if (group.length < batchSize) continue;
    const batch = group.splice(0);
    if (made++ >= skipped) batches.push(batch);
  }
  return batches;
}

/** The record indices of every batch of `epoch`. */
export const batchOrder = (images: OrderedImages, epoch: number, options: OrderOptions): number[][] =>
  sampleOrder(images, epoch, options).map((batch) => batch.map(({ index }) => index));

/** The order's images rank, rank + size, ..., filled up from its front, as mmengine's DefaultSampler shares them out. */
function shardOf(order: Int32Array, options: OrderOptions): Int32Array {
  const { shard } = options;
  if (!shard) return order;
  return Int32Array.from(
    { length: shardLength(order.length, options) },
    (_, i) => order[(shard.rank + i * shard.size) % order.length],
  );
}
