// Every n-th pixel, from any of the first ones.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { everyNth } from '../../src/ops/every-nth';

beforeAll(async () => void (await startEngine()));

test.each([
  [1, [0, 1], [1, 2, 0, 4, 5, 0]],
  [1, [1, 0], [3, 4, 5, 0, 0, 0]],
  [2, [0, 1], [1, 0]],
] as [number, [number, number], number[]][])('a step of %i from %j, zero beyond the edge', (step, from, expected) => {
  tf.tidy(() => {
    const x = tf.range(0, 6).reshape<tf.Tensor4D>([1, 2, 3, 1]);
    const size: [number, number] = [Math.ceil(2 / step), Math.ceil(3 / step)];
    expect(Array.from(everyNth(x, step, from, size).dataSync())).toEqual(expected);
  });
});
