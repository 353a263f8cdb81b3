// Which samples make up which batch of an epoch, as MMDetection's DefaultSampler and AspectRatioBatchSampler do it.

import { streamFor } from '../streams';

export interface OrderOptions {
  batchSize: number;
  shuffle: boolean;
  seed: number;
  /** Upright images (width < height) share batches with upright ones only, so that padding wastes little. */
  aspectRatioGrouping: boolean;
  /** Leave out a last batch smaller than `batchSize`. */
  dropLast: boolean;
}

/** What the order depends on. */
export interface OrderedImages {
  readonly length: number;
  /** Whether an image is higher than wide. */
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
  const batches: number[][] = [];
  const groups: [number[], number[]] = [[], []];
  for (const index of order) {
    const group = groups[options.aspectRatioGrouping && images.upright(index) ? 0 : 1];
    group.push(index);
    if (group.length === batchSize) batches.push(group.splice(0));
  }
  // What is left of both groups is put together, upright ones first.
  const rest = [...groups[0], ...groups[1]];
  while (rest.length >= batchSize) batches.push(rest.splice(0, batchSize));
  if (rest.length > 0 && !dropLast) batches.push(rest);
  return batches;
}
