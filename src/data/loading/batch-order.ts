// Which samples make up which batch of an epoch, as MMDetection's DefaultSampler and AspectRatioBatchSampler do it.

import { streamFor } from '../streams';
import type { ImageRecord } from '../types';

export interface OrderOptions {
  batchSize: number;
  shuffle: boolean;
  seed: number;
  /** Upright images (width < height) share batches with upright ones only, so that padding wastes little. */
  aspectRatioGrouping: boolean;
  /** Leave out a last batch smaller than `batchSize`. */
  dropLast: boolean;
}

/** The record indices of every batch of `epoch`. */
export function batchOrder(records: readonly ImageRecord[], epoch: number, options: OrderOptions): number[][] {
  const { batchSize, dropLast } = options;
  const order = options.shuffle
    ? streamFor(options.seed, epoch).permutation(records.length)
    : Int32Array.from(records, (_, i) => i);
  const batches: number[][] = [];
  const groups: [number[], number[]] = [[], []];
  for (const index of order) {
    const upright = options.aspectRatioGrouping && records[index].width < records[index].height;
    const group = groups[upright ? 0 : 1];
    group.push(index);
    if (group.length === batchSize) batches.push(group.splice(0));
  }
  // What is left of both groups is put together, upright ones first.
  const rest = [...groups[0], ...groups[1]];
  while (rest.length >= batchSize) batches.push(rest.splice(0, batchSize));
  if (rest.length > 0 && !dropLast) batches.push(rest);
  return batches;
}
