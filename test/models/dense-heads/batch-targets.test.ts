// Targets of a batch from those of its images: of every prior, and of the sampled ones alone.

import { expect, test } from 'vitest';
import { batchTargets, sampledTargets } from '../../../src/models/dense-heads/batch-targets';
import type { ImageTargets } from '../../../src/models/dense-heads/image-targets';

const image = (positive: number[], negative: number[], label: number, metrics = false): ImageTargets => ({
  positive: Int32Array.from(positive),
  negative: Int32Array.from(negative),
  labels: Int32Array.from(positive, () => label),
  boxes: Float32Array.from({ length: 4 * positive.length }, (_, i) => 10 * label + i),
  truths: Int32Array.from(positive, () => 0),
  numTruths: 1,
  overlaps: Float32Array.from(positive, () => 0.5),
  ...(metrics && { metrics: Float32Array.from(positive, () => label) }),
  avgFactor: positive.length,
});
const options = { total: 4, numClasses: 3, positiveWeight: 2 };

test('every prior has a label and a weight: 0 where it is neither positive nor negative', () => {
  const targets = batchTargets([image([1], [0, 2], 0), image([0, 3], [1], 2)], options);
  expect(targets.rows).toBeUndefined();
  expect([...targets.labels]).toEqual([3, 0, 3, 3, 2, 3, 3, 2]);
  expect([...targets.labelWeights]).toEqual([1, 2, 1, 0, 2, 1, 0, 2]);
  expect([...targets.positives]).toEqual([1, 4, 7]);
  expect([...targets.boxes]).toEqual([0, 1, 2, 3, 20, 21, 22, 23, 24, 25, 26, 27]);
  expect([...targets.overlaps]).toEqual([0.5, 0.5, 0.5]);
  expect(targets.metrics).toBeUndefined();
  expect(targets.avgFactor).toBe(3);
});

test('sampled priors alone: positives, then negatives', () => {
  const targets = sampledTargets([image([1], [0, 2], 0), image([0, 3], [1], 2)], options);
  expect([...targets.rows!]).toEqual([1, 4, 7, 0, 2, 5]);
  expect([...targets.labels]).toEqual([0, 2, 2, 3, 3, 3]);
  expect([...targets.labelWeights]).toEqual([2, 2, 2, 1, 1, 1]);
  expect([...targets.positives]).toEqual([1, 4, 7]);
});

test('what the assigner gives is concatenated', () => {
  const { metrics } = batchTargets([image([1], [], 1, true), image([], [0], 2, true)], options);
  expect([...metrics!]).toEqual([1]);
});
