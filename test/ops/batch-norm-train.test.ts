// Batch norm by batch statistics against Python torch.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { batchNormTrain } from '../../src/ops/batch-norm-train';
import { expectClose, nchw, sgn } from '../golden-data';
import { map, torchCases } from '../torch-cases';
import { asMap, torchOrder } from './check-operation';

beforeAll(async () => void (await startEngine()));

test('batch norm by batch statistics, with residual and ReLU', () => {
  const want = torchCases.batch_norm_train;
  const shape = [2, 5, 3, 4];
  tf.tidy(() => {
    const inputs = [
      map('x', shape),
      tf.tensor1d(sgn('w', [5], 0.1, 1)),
      tf.tensor1d(sgn('b', [5], 0.1)),
      map('r', shape),
    ];
    const g = map('g', shape);
    const f = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor, r: tf.Tensor) =>
      batchNormTrain(asMap(x), w, b, { residual: asMap(r), activation: 'relu' }).y;
    expectClose(nchw(f(inputs[0], inputs[1], inputs[2], inputs[3])), want.out, 1e-5, 'forward');
    const grads = tf.grads((x, w, b, r) => tf.sum(tf.mul(f(x, w, b, r), g)))(inputs);
    for (const [i, grad] of grads.entries()) expectClose(torchOrder(grad, false), want.grads[i], 2e-5, `gradient ${i}`);
    const { mean, variance } = batchNormTrain(asMap(inputs[0]), inputs[1], inputs[2]);
    const { mean: mu, variance: sigma } = tf.moments(inputs[0], [0, 1, 2]);
    expectClose(mean.dataSync(), mu.dataSync(), 1e-6);
    expectClose(variance.dataSync(), sigma.dataSync(), 1e-6);
  });
});

test('thousands of equal values, as padding has, do not drift', () => {
  const [pixels, flat] = [9216, 8000];
  const [plain, weight] = [Math.fround(2.7), Math.fround(0.7)];
  const row = sgn('row', [pixels]).fill(plain, 0, flat);
  const average = row.reduce((a, b) => a + b, 0) / pixels;
  const spread = row.reduce((a, b) => a + (b - average) ** 2, 0) / pixels;
  tf.tidy(() => {
    const x = tf.tile(tf.tensor4d(row, [1, 72, 128, 1]), [1, 1, 1, 8]);
    const { mean, variance } = batchNormTrain(x, tf.ones([8]), tf.zeros([8]));
    for (const v of mean.dataSync()) expect(Math.abs(v / average - 1)).toBeLessThan(1e-6);
    for (const v of variance.dataSync()) expect(Math.abs(v / spread - 1)).toBeLessThan(2e-6);
    const f = (b: tf.Tensor) => tf.sum(tf.mul(batchNormTrain(x, tf.ones([8]), b).y, weight)) as tf.Scalar;
    for (const v of tf
      .grad(f)(tf.zeros([8]))
      .dataSync())
      expect(Math.abs(v / (weight * pixels) - 1)).toBeLessThan(1e-6);
  });
});
