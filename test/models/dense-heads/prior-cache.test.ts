// The priors of all levels, in the forms that assigners and coders need.

import { expect, test } from 'vitest';
import { createRegistry } from '../../../src/models/catalogue';
import { PriorCache } from '../../../src/models/dense-heads/prior-cache';
import { AnchorGenerator, MlvlPointGenerator, type Size } from '../../../src/models/task-modules';

const sizes: Size[] = [
  [2, 3],
  [1, 2],
];
const anchors = createRegistry().build(
  'anchor_generator',
  { type: 'AnchorGenerator', strides: [8, 16], ratios: [1, 2], scales: [4] },
  { path: 'anchor_generator' },
);

test('levels are concatenated, and counted by cell and anchor', () => {
  const cache = new PriorCache(anchors);
  expect(anchors).toBeInstanceOf(AnchorGenerator);
  expect([...cache.of(sizes)]).toEqual(anchors.gridPriors(sizes).flatMap((level) => [...level]));
  expect(cache.counts(sizes)).toEqual([12, 4]);
  expect([...cache.levels(sizes)]).toEqual([...Array(12).fill(0), ...Array(4).fill(1)]);
  expect([...cache.strides(sizes)]).toEqual([...Array(12).fill(8), ...Array(4).fill(16)]);
});

test('an anchor as a point is its center with its stride', () => {
  const cache = new PriorCache(anchors);
  const [boxes, points] = [cache.of(sizes), cache.points(sizes)];
  for (let i = 0; i < boxes.length; i += 4)
    expect([...points.subarray(i, i + 4)]).toEqual([
      Math.fround((boxes[i] + boxes[i + 2]) / 2),
      Math.fround((boxes[i + 1] + boxes[i + 3]) / 2),
      i < 48 ? 8 : 16,
      i < 48 ? 8 : 16,
    ]);
});

test('points are points already', () => {
  const cache = new PriorCache(new MlvlPointGenerator([8, 16], 0.5));
  expect(cache.points(sizes)).toBe(cache.of(sizes));
});

test('they are kept while the sizes stay', () => {
  const cache = new PriorCache(anchors);
  const first = cache.of(sizes);
  const points = cache.points(sizes);
  expect(cache.of([...sizes])).toBe(first);
  expect(cache.points(sizes)).toBe(points);
  expect(cache.of([sizes[0], [2, 2]])).toHaveLength(4 * 20);
  expect(cache.of(sizes)).not.toBe(first);
});
