// The order of ClassAwareSampler: every class as often as any other, every image of a class before one comes again.

import { expect, test } from 'vitest';
import { batchOrder } from '../../../src/data/loading/batch-order';
import { classAwareOrder, imagesByClass } from '../../../src/data/loading/class-aware-order';
import { Random } from '../../../src/random';

const records = [[0], [0, 1], [0], [0], [0, 2], [0], []].map((labels) => ({
  truths: { labels: Int32Array.from(labels) },
}));
const images = imagesByClass(records, 4);

test('images by class; a class without images is left out', () => {
  expect(images.map((list) => [...list])).toEqual([[0, 1, 2, 3, 4, 5], [1], [4], []]);
});

test('classes come in turn, and all images of a class before one comes again', () => {
  const order = classAwareOrder(18, { perClass: 2, images }, Random.seeded(1));
  const rounds = Array.from({ length: 3 }, (_, i) => [...order.subarray(6 * i, 6 * i + 6)]);
  const common: number[] = [];
  for (const round of rounds) {
    const pairs = [0, 2, 4].map((at) => round.slice(at, at + 2));
    expect(pairs.filter(([a, b]) => a === 1 && b === 1)).toHaveLength(1);
    expect(pairs.filter(([a, b]) => a === 4 && b === 4)).toHaveLength(1);
    common.push(...pairs.filter(([a, b]) => a !== b).flat());
  }
  expect(common.sort()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('an epoch has as many samples as images, shared out among processes', () => {
  const options = { batchSize: 2, shuffle: true, seed: 3, aspectRatioGrouping: false, dropLast: false };
  const all = { length: records.length, upright: () => false };
  const order = { ...options, classAware: { perClass: 1, images } };
  const whole = batchOrder(all, 0, order).flat();
  expect(whole).toHaveLength(7);
  expect(whole).not.toContain(6); // nothing is in it
  expect(batchOrder(all, 1, order).flat()).not.toEqual(whole);
  const shards = [0, 1].map((rank) => batchOrder(all, 0, { ...order, shard: { rank, size: 2 } }).flat());
  expect([...shards[0], ...shards[1]].sort()).toEqual([...whole, whole[0]].sort());
});
