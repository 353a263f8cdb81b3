// Batches of several data sets: unshuffled those of MMDetection's samplers (generate/semi_data.py), shuffled each image once a pass.

import { expect, test } from 'vitest';
import { sampleOrder } from '../../../src/data/loading/batch-order';
import { countsOf, sourceOf } from '../../../src/data/loading/multi-source-order';
import { goldenJson } from '../../golden-data';

interface Case {
  batch_size: number;
  source_ratio: number[];
  rank: number;
  world: number;
  counts: number[];
  batches: number[][];
  /** Drawn for each batch: 0 portraits, 1 landscapes. */
  groups?: number[];
}
const golden = goldenJson<{ sources: number[]; upright: number[][]; orders: Case[] }>('semi_data');
const starts = Int32Array.of(0, golden.sources[0], golden.sources[0] + golden.sources[1]);
const portraits = new Set(golden.upright.flatMap((list, source) => list.map((i) => starts[source] + i)));
const images = { length: starts[2], upright: (i: number) => portraits.has(i) };

const orderOf = (epoch: number, isGrouped: boolean, counts: number[], more: object = {}) =>
  sampleOrder(images, epoch, {
    batchSize: counts.reduce((a, b) => a + b, 0),
    shuffle: true,
    seed: 5,
    aspectRatioGrouping: false,
    dropLast: false,
    multiSource: { starts, counts, isGrouped },
    ...more,
  });
const indices = (batches: ReturnType<typeof orderOf>) => batches.map((batch) => batch.map(({ index }) => index));

/** Batches of portraits, and of landscapes, in their order. */
const byGroup = (batches: number[][]) =>
  [true, false].map((upright) => batches.filter(([first]) => portraits.has(first) === upright));

test.each(golden.orders)(
  'as MMDetection: $batch_size of $source_ratio, process $rank of $world, groups $groups',
  ({ batch_size, source_ratio, rank, world, counts, batches, groups }) => {
    expect(countsOf(batch_size, source_ratio)).toEqual(counts);
    const more = { shuffle: false, shard: { rank, size: world } };
    const own = Array.from({ length: 12 }, (_, epoch) =>
      indices(orderOf(epoch, groups !== undefined, counts, more)),
    ).flat();
    if (!groups) {
      expect(own.slice(0, batches.length)).toEqual(batches);
      return;
    }
    // which group a batch is of is drawn; the order within each is not
    for (const [group, expected] of byGroup(batches).entries()) {
      expect(expected.length).toBeGreaterThan(0);
      expect(byGroup(own)[group].slice(0, expected.length)).toEqual(expected);
    }
  },
);

test('shuffled, each pass over a data set has all its images, in other order, across epochs', () => {
  const epochs = [0, 1, 2, 3, 4, 5].flatMap((epoch) => orderOf(epoch, false, [1, 3]));
  for (const [source, count] of golden.sources.entries()) {
    const drawn = epochs
      .flat()
      .filter(({ index }) => sourceOf({ starts, counts: [1, 3], isGrouped: false }, index) === source);
    const passes = [0, 1].map((pass) => drawn.slice(pass * count, (pass + 1) * count).map(({ index }) => index));
    const all = Array.from({ length: count }, (_, i) => starts[source] + i);
    for (const pass of passes) expect([...pass].sort((a, b) => a - b)).toEqual(all);
    expect(passes[0]).not.toEqual(passes[1]);
    expect(new Set(drawn.map(({ index, pass }) => `${index} ${pass}`)).size).toBe(drawn.length);
  }
  expect(indices(orderOf(1, false, [1, 3]))).toEqual(indices(orderOf(1, false, [1, 3])));
  expect(indices(orderOf(1, false, [1, 3], { seed: 6 }))).not.toEqual(indices(orderOf(1, false, [1, 3])));
});

test('grouped, groups come as often as they have images; a data set without images of one gives others', () => {
  const upright = Array.from({ length: 60 }, (_, epoch) => indices(orderOf(epoch, true, [1, 2]))).flat();
  for (const batch of upright) expect(new Set(batch.map((i) => portraits.has(i))).size).toBe(1);
  const share = upright.filter(([first]) => portraits.has(first)).length / upright.length;
  expect(share).toBeGreaterThan(portraits.size / images.length - 0.1);
  expect(share).toBeLessThan(portraits.size / images.length + 0.1);
  const none = { length: images.length, upright: (i: number) => i >= starts[1] && portraits.has(i) };
  const mixed = sampleOrder(none, 0, {
    batchSize: 3,
    shuffle: true,
    seed: 5,
    aspectRatioGrouping: false,
    dropLast: false,
    multiSource: { starts, counts: [1, 2], isGrouped: true },
  });
  for (const batch of mixed) expect(batch.map(({ index }) => Number(index >= starts[1]))).toEqual([0, 1, 1]);
});
