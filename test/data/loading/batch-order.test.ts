// The order of images without end, as of mmengine's InfiniteSampler: against its rules, and from whatever batch it is begun.

import { expect, test } from 'vitest';
import { batchesOf, batchOrder, sampleOrder } from '../../../src/data/loading/batch-order';
import { streamFor } from '../../../src/data/loading/random-streams';

const images = { length: 7, upright: (index: number) => index % 3 === 0 };
const options = { batchSize: 3, shuffle: true, seed: 5, aspectRatioGrouping: false, dropLast: false, endless: true };

test('batches are full and span passes; every pass has every image once, in the order of its seed', () => {
  const epochs = [0, 1, 2, 3, 4, 5, 6].map((epoch) => sampleOrder(images, epoch, options));
  expect(epochs.map((batches) => batches.length)).toEqual(Array(7).fill(batchesOf(7, options)));
  expect(epochs.flat().every((batch) => batch.length === 3)).toBe(true);
  const stream = epochs.flat(2);
  for (let pass = 0; pass < 9; pass++) {
    const part = stream.slice(7 * pass, 7 * pass + 7);
    expect(part.map((sample) => sample.index)).toEqual([...streamFor(5, pass).permutation(7)]);
    expect(part.every((sample) => sample.pass === pass)).toBe(true);
  }
});

test('orientations are collected over passes, as by AspectRatioBatchSampler, and none is lost', () => {
  const grouped = { ...options, aspectRatioGrouping: true };
  const batches = [0, 1, 2, 3, 4, 5].flatMap((epoch) => batchOrder(images, epoch, grouped));
  // the reference: one bucket for each orientation, yielded when it is full
  const buckets: [number[], number[]] = [[], []];
  const expected: number[][] = [];
  for (let pass = 0; expected.length < batches.length; pass++)
    for (const index of streamFor(5, pass).permutation(7)) {
      const bucket = buckets[images.upright(index) ? 0 : 1];
      bucket.push(index);
      if (bucket.length === 3) expected.push(bucket.splice(0));
    }
  expect(batches).toEqual(expected.slice(0, batches.length));
});

test('several processes share out the samples of the same passes', () => {
  const whole = [0, 1, 2, 3].flatMap((epoch) => sampleOrder(images, epoch, options)).flat();
  for (const rank of [0, 1]) {
    const shard = { rank, size: 2 };
    const own = [0, 1].flatMap((epoch) => sampleOrder(images, epoch, { ...options, shard })).flat();
    expect(own).toEqual(whole.filter((_, at) => at % 2 === rank).slice(0, own.length));
    expect(own).toHaveLength(2 * 2 * 3);
  }
});

test('an epoch that ends has its last batch cut short, and each image once', () => {
  const epoch = sampleOrder(images, 3, { ...options, endless: false });
  expect(epoch.map((batch) => batch.length)).toEqual([3, 3, 1]);
  expect(epoch.flat().every(({ pass }) => pass === 3)).toBe(true);
  expect(batchOrder(images, 1, { ...options, endless: true, shuffle: false })).toEqual([
    [2, 3, 4],
    [5, 6, 0],
    [1, 2, 3],
  ]);
});

test('several processes share an epoch as DefaultSampler shares it, filled up from its front', () => {
  const epoch = { ...options, batchSize: 2, endless: false };
  const order = batchOrder(images, 1, { ...epoch, batchSize: 7 })[0];
  const shards = [0, 1].map((rank) => ({ ...epoch, shard: { rank, size: 2 } }));
  expect(shards.map((one) => batchOrder(images, 1, one).flat())).toEqual([
    [order[0], order[2], order[4], order[6]],
    [order[1], order[3], order[5], order[0]],
  ]);
  for (const one of shards) expect(batchesOf(7, one)).toBe(2);
  const endless = shards.map((one) => [0, 1, 2, 3].flatMap((at) => batchOrder(images, at, { ...one, endless: true })));
  const drawn = endless[0].flat().flatMap((index, i) => [index, endless[1].flat()[i]]);
  // no image comes again before all have come
  for (let pass = 0; pass < 4; pass++)
    expect(drawn.slice(7 * pass, 7 * pass + 7).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
