// DetMaxPool2D of the torch engine against compositions of plain tfjs operations, forward and gradient.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engine, startEngine } from '../../../src/engine';
import { runKernel, values } from '../../engine/torch/parity';
import { agree } from './agreement';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

type T4 = tf.Tensor4D;
type Pair = [number, number];
describe('DetMaxPool2D', () => {
  it('pools symmetrically padded maps, with gradient', () => {
    agree(
      { x: values([2, 9, 11, 5], 1) },
      (t) => runKernel('DetMaxPool2D', t, { size: [3, 3], strides: [2, 2], padding: [1, 1], ceilMode: false }),
      (t) => tf.maxPool(t.x as T4, 3, 2, 1),
    );
  });
  // without a gradient no positions are sought: vectors of channels, a part of one, windows that reach over the edges
  for (const [size, strides, padding, channels] of [
    [[5, 5], [1, 1], [2, 2], 88],
    [[2, 3], [2, 1], [1, 0], 5],
  ] as [Pair, Pair, Pair, number][])
    it(`pools ${channels} channels by ${size}, strides ${strides}, in both precisions; NaN is the largest`, () => {
      tf.tidy(() => {
        const attrs = { size, strides, padding, ceilMode: false };
        const pool = (t: tf.Tensor) => runKernel<tf.Tensor>('DetMaxPool2D', { x: t }, attrs);
        const data = values([2, 7, 9, channels], 1).dataSync().slice();
        data[3 * channels + 1] = Number.NaN;
        const x = tf.tensor4d(data, [2, 7, 9, channels]);
        const edges: [number, number][] = [
          [0, 0],
          [padding[0], padding[0]],
          [padding[1], padding[1]],
          [0, 0],
        ];
        const expected = tf.maxPool(tf.pad(x, edges, -1e9) as T4, size, strides, 'valid');
        expect(pool(x).dataSync()).toEqual(expected.dataSync());
        const low = engine().autocast('bfloat16', () => {
          const identity = tf.eye(channels).reshape<T4>([1, 1, channels, channels]);
          const map = tf.conv2d(tf.where(tf.isNaN(x), 0, x) as T4, identity, 1, 'valid'); // rounded to bfloat16
          return { map, pooled: pool(map) };
        });
        expect(low.pooled.dataSync()).toEqual(pool(low.map).dataSync());
      });
    });

  it('rounds up in ceil mode', () => {
    const y = runKernel<tf.Tensor>(
      'DetMaxPool2D',
      { x: values([1, 8, 8, 2], 1) },
      { size: [3, 3], strides: [2, 2], padding: [0, 0], ceilMode: true },
    );
    expect(y.shape).toEqual([1, 4, 4, 2]);
  });
  it('takes the first of equal values, as PyTorch does', () => {
    const g = tf.grad((t) =>
      tf.sum(
        runKernel<tf.Tensor>(
          'DetMaxPool2D',
          { x: t },
          { size: [2, 2], strides: [2, 2], padding: [0, 0], ceilMode: false },
        ),
      ),
    )(tf.ones([1, 2, 2, 1]));
    expect(Array.from(g.dataSync())).toEqual([1, 0, 0, 0]);
  });
});
