// Batch norm in training against Python torch.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { BatchNorm2d } from '../../src/nn/batch-norm2d';
import { Random } from '../../src/random';
import { expectClose, goldenJson, nchw, sgn } from '../golden-data';
import { dataOf, map, setParameter } from '../torch-cases';

beforeAll(async () => void (await startEngine()));

test('batch norm in training: values, gradients and running statistics of Python torch', () => {
  const want =
    goldenJson<Record<string, Record<string, number[]> & { grads: number[][]; batches: number }>>(
      'layers',
    ).batch_norm_train;
  const bn = new BatchNorm2d({ channels: 5 }).train();
  bn.initWeights(Random.seeded(1));
  setParameter(bn.weight, [5], sgn('w', [5], 0.1, 1));
  setParameter(bn.bias, [5], sgn('b', [5], 0.1));
  const shape = [2, 5, 3, 4];
  const inputs = [map('x', shape), map('r', shape), map('g', shape), map('x2', shape)] as const;
  const [x, residual, g, x2] = inputs;
  const { grads } = tf.variableGrads(() => {
    const y = bn.forward(x, { residual, activation: 'relu' });
    expectClose(nchw(y), want.out, 1e-5, 'forward');
    return tf.sum(tf.mul(y, g));
  }, [bn.weight.variable, bn.bias.variable]);
  expectClose(grads[bn.weight.variable.name].dataSync(), want.grads[1], 2e-5, 'weight gradient');
  expectClose(grads[bn.bias.variable.name].dataSync(), want.grads[2], 2e-5, 'bias gradient');
  tf.dispose(grads);
  expectClose(dataOf(bn.runningMean), want.running_mean, 1e-6, 'running mean');
  expectClose(dataOf(bn.runningVar), want.running_var, 1e-6, 'running variance');
  const before = tf.memory().numTensors;
  tf.tidy(() => void bn.forward(x2));
  expect(tf.memory().numTensors).toBe(before);
  expectClose(dataOf(bn.runningMean), want.running_mean_2, 1e-6, 'running mean after two');
  expectClose(dataOf(bn.runningVar), want.running_var_2, 1e-6, 'running variance after two');
  expect([...bn.batches.variable.dataSync()]).toEqual([want.batches]);
  tf.dispose([...inputs]);
  bn.dispose();
});
