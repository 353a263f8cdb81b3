// Maps joined along channels, those of half the size repeated.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { joinMaps } from '../../src/ops/join-maps';

beforeAll(async () => void (await startEngine()));

test('a map alone is returned, others are joined in their order', () => {
  tf.tidy(() => {
    const a = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    expect(joinMaps(a)).toBe(a);
    expect(joinMaps([a])).toBe(a);
    const coarse = tf.tensor4d([7, 8], [1, 1, 1, 2]);
    expect(joinMaps([coarse, a]).arraySync()).toEqual([
      [
        [
          [7, 8, 1],
          [7, 8, 2],
        ],
        [
          [7, 8, 3],
          [7, 8, 4],
        ],
      ],
    ]);
  });
});

test('maps of one pixel are joined as they are', () => {
  tf.tidy(() => {
    expect(joinMaps([tf.ones([1, 1, 1, 2]), tf.zeros([1, 1, 1, 1])]).shape).toEqual([1, 1, 1, 3]);
  });
});
