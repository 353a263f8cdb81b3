import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { sigmoidGeometricMean } from '../../src/ops';
import { expectClose } from '../golden-data';

beforeAll(async () => void (await startEngine()));

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

test('the square root of the product, and its gradient, broadcast over classes', () => {
  const logits = [-3, 0.5, 2, -100, -0.1, 40];
  const qualities = [0.7, -100];
  tf.tidy(() => {
    const x = tf.tensor2d(logits, [2, 3]);
    const y = tf.tensor2d(qualities, [2, 1]);
    const [z, [dx, dy]] = [
      sigmoidGeometricMean<tf.Tensor>(x, y),
      tf.grads((a, b) => tf.sum(sigmoidGeometricMean(a, b)))([x, y]),
    ];
    const mean = (v: number, k: number) => Math.sqrt(sigmoid(v) * sigmoid(qualities[Math.floor(k / 3)]));
    const expected = logits.map(mean);
    expectClose(z.dataSync(), expected, 1e-6);
    expectClose(
      dx.dataSync(),
      expected.map((v, k) => (v * (1 - sigmoid(logits[k]))) / 2),
      1e-6,
    );
    const byRow = [0, 1].map((row) => expected.slice(3 * row, 3 * row + 3).reduce((a, b) => a + b, 0));
    expect(dy.shape).toEqual([2, 1]);
    expectClose(
      dy.dataSync(),
      byRow.map((sum, row) => (sum * (1 - sigmoid(qualities[row]))) / 2),
      1e-6,
    );
  });
});

test('where both probabilities vanish in float32, value and gradient are zero and not NaN', () => {
  tf.tidy(() => {
    const x = tf.tensor1d([-300]);
    expect(sigmoidGeometricMean(x, x).dataSync()[0]).toBe(0);
    expect(
      tf
        .grad((v) => sigmoidGeometricMean(v, tf.tensor1d([-300])))(x)
        .dataSync()[0],
    ).toBe(0);
  });
});
