// A linear layer after a flattened map against Python torch.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { Linear } from '../../src/nn/linear';
import { expectClose, nchw, sgn } from '../golden-data';
import { map, setParameter, torchCases } from '../torch-cases';

beforeAll(async () => void (await startEngine()));

test('a linear layer behind a flattened map holds weights in H, W, C order and saves them in C, H, W', () => {
  const want = torchCases.linear_chw;
  const linear = new Linear({ inFeatures: 40, outFeatures: 6, chw: [4, 2, 5] });
  const weight = sgn('w', [6, 40]);
  setParameter(linear.weight, [6, 40], weight);
  setParameter(linear.bias!, [6], sgn('b', [6]));
  expect(linear.stateDict().get('weight')!.data).toEqual(weight);
  tf.tidy(() => {
    const x = map('x', [3, 4, 2, 5]);
    const forward = (t: tf.Tensor) => linear.forward(t.reshape([3, 40]), { activation: 'relu' });
    expectClose(forward(x).dataSync(), want.out, 1e-5);
    const g = tf.tensor2d(sgn('g', [3, 6]), [3, 6]);
    expectClose(nchw(tf.grad((t) => tf.sum(tf.mul(forward(t), g)))(x)), want.grads[0], 2e-5);
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(forward(x), g)) as tf.Scalar, [linear.bias!.variable]);
    expectClose(grads[linear.bias!.variable.name].dataSync(), want.grads[2], 2e-5);
  });
  linear.dispose();
});
