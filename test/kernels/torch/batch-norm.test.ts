// DetBatchNorm of the torch engine against compositions of plain tfjs operations, forward and gradient.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { closeTo, outcomeOf, runKernel, values } from '../../engine/torch/parity';
import { type Act, activated, agree, type Named } from './agreement';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

describe('DetBatchNorm', () => {
  const plain = (t: Named, act: Act) => {
    const { mean, variance } = tf.moments(t.x, [0, 1, 2]);
    let y: tf.Tensor = tf.mul(tf.sub(t.x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
    y = tf.add(tf.mul(y, t.scale), t.offset);
    if (t.residual) y = tf.add(y, t.residual);
    return activated(y, act);
  };
  const inputs = () => ({
    x: tf.add(tf.mul(values([2, 5, 7, 6], 1), 3), 10),
    scale: tf.add(values([6], 2), 1.5),
    offset: values([6], 3),
  });
  for (const activation of ['linear', 'relu', 'silu'] as Act[])
    for (const residual of [false, true])
      it(`${activation}${residual ? ' with residual' : ''}: output, statistics and every gradient`, () => {
        const named: Named = { ...inputs(), ...(residual ? { residual: values([2, 5, 7, 6], 4) } : {}) };
        const attrs = { epsilon: 1e-5, activation };
        agree(
          named,
          (t) => runKernel<tf.Tensor[]>('DetBatchNorm', t, attrs)[0],
          (t) => plain(t, activation),
          2e-4,
        );
        const [, mean, variance] = runKernel<tf.Tensor[]>('DetBatchNorm', named, attrs);
        const reference = tf.moments(named.x, [0, 1, 2]);
        closeTo(outcomeOf(mean), outcomeOf(reference.mean), 1e-6);
        closeTo(outcomeOf(variance), outcomeOf(reference.variance), 1e-5);
      });

  it('keeps its precision far from zero', () => {
    const x = tf.add(values([4, 64, 64, 2], 1), 1000);
    const [y] = runKernel<tf.Tensor[]>(
      'DetBatchNorm',
      { x, scale: tf.ones([2]), offset: tf.zeros([2]) },
      { epsilon: 0, activation: 'linear' },
    );
    const { mean, variance } = tf.moments(y, [0, 1, 2]);
    expect(Math.abs(mean.dataSync()[0])).toBeLessThan(1e-3);
    expect(Math.abs(variance.dataSync()[0] - 1)).toBeLessThan(1e-3);
  });
});
