// DetMaxPool2D of the torch engine against compositions of plain tfjs operations, forward and gradient.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { runKernel, values } from '../../engine/torch/parity';
import { agree } from './agreement';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

type T4 = tf.Tensor4D;
describe('DetMaxPool2D', () => {
  it('pools symmetrically padded maps, with gradient', () => {
    agree(
      { x: values([2, 9, 11, 5], 1) },
      (t) => runKernel('DetMaxPool2D', t, { size: [3, 3], strides: [2, 2], padding: [1, 1], ceilMode: false }),
      (t) => tf.maxPool(t.x as T4, 3, 2, 1),
    );
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
