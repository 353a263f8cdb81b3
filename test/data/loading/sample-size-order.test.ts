// The order of CustomSampleSizeSampler against MMDetection's, drawn with its permutations, and what a loader makes of it.

import { expect, test } from 'vitest';
import { batchesOf, batchOrder } from '../../../src/data/loading/batch-order';
import { type SampleSizes, sampleSizeOrder, sampleSizeTotal } from '../../../src/data/loading/sample-size-order';
import { goldenJson } from '../../golden-data';

interface Case {
  name: string;
  lengths: number[];
  sizes: number[];
  /** Of each data set that is drawn from, its permutations one after the other. */
  turns: Record<string, number[][]>;
  /** Of each epoch. */
  shuffles: number[][];
  /** Of each process, its samples of each epoch. */
  ranks: number[][][];
}

/** Indices of data sets one after the other. */
function sampled({ lengths, sizes }: Pick<Case, 'lengths' | 'sizes'>): SampleSizes {
  let start = 0;
  const images = lengths.map((length) => {
    const first = start;
    start += length;
    return Int32Array.from({ length }, (_, i) => first + i);
  });
  return { images, sizes };
}

test.each(goldenJson<Case[]>('sample_sizes'))('as MMDetection: $name', ({ turns, shuffles, ranks, ...of }) => {
  for (const [epoch, shuffled] of shuffles.entries()) {
    const order = sampleSizeOrder(sampled(of), epoch, (n, dataset, turn = 0) => {
      const drawn = dataset === undefined ? shuffled : turns[dataset][turn];
      expect(drawn).toHaveLength(n);
      return Int32Array.from(drawn);
    });
    for (const [rank, epochs] of ranks.entries())
      expect(epochs[epoch].map((_, i) => order[(rank + i * ranks.length) % order.length])).toEqual(epochs[epoch]);
    expect(ranks[0][epoch]).toHaveLength(Math.ceil(sampleSizeTotal(sampled(of)) / ranks.length));
  }
});

test('batches of an epoch have so many of each, in other order each epoch, also shared out among processes', () => {
  const options = { batchSize: 2, shuffle: true, seed: 3, aspectRatioGrouping: false, dropLast: false };
  const order = { ...options, sampleSizes: sampled({ lengths: [4, 6], sizes: [-1, 3] }) };
  const all = { length: 10, upright: () => false };
  const [first, second] = [0, 1].map((epoch) => batchOrder(all, epoch, order).flat());
  expect(batchesOf(10, order)).toBe(4);
  for (const epoch of [first, second]) expect(epoch.filter((i) => i < 4).sort()).toEqual([0, 1, 2, 3]);
  expect([...first, ...second].filter((i) => i >= 4).sort()).toEqual([4, 5, 6, 7, 8, 9]);
  expect(first.filter((i) => i < 4)).not.toEqual(second.filter((i) => i < 4));
  const shards = [0, 1].map((rank) => batchOrder(all, 0, { ...order, shard: { rank, size: 2 } }).flat());
  expect([...shards[0], ...shards[1]].sort()).toEqual([...first, first[0]].sort());
});
