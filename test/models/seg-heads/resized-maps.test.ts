// Masks of whole images a few at a time are those of all at once.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src';
import { resizedMaps, visitResizedMaps } from '../../../src/models/seg-heads/resized-maps';
import type { DetBatch } from '../../../src/models/types';
import { Random } from '../../../src/random';

beforeAll(() => startEngine());

test.each([false, true])('rescale: %s', (rescale) => {
  const meta = { imgShape: [900, 1000], oriShape: [1100, 1300] };
  const batch = { samples: [{ meta }], batchShape: [1024, 1024] } as unknown as DetBatch;
  const random = Random.seeded(3);
  const masks = tf.tensor3d(
    Float32Array.from({ length: 11 * 4 * 5 }, () => random.uniform() - 0.5),
    [11, 4, 5],
  );
  const before = tf.memory().numTensors;
  const firsts: number[] = [];
  const sums: number[] = [];
  visitResizedMaps(masks, batch, 0, { rescale }, (maps, first) => {
    firsts.push(first);
    sums.push(...tf.sum(maps, [1, 2]).dataSync());
  });
  expect(firsts.length).toBeGreaterThan(1);
  expect(tf.memory().numTensors).toBe(before);
  const all = tf.tidy(() => tf.sum(resizedMaps(masks.expandDims(3), batch, 0, { rescale }), [1, 2, 3]).dataSync());
  expect(sums).toEqual([...all]);
  masks.dispose();
});
