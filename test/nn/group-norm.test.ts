// Group norm against Python torch.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { GroupNorm } from '../../src/nn/group-norm';
import { expectClose, nchw, sgn } from '../golden-data';
import { map, setParameter, torchCases } from '../torch-cases';

beforeAll(async () => void (await startEngine()));

test('group norm', () => {
  const want = torchCases.group_norm;
  const gn = new GroupNorm({ channels: 6, groups: 3 });
  setParameter(gn.weight, [6], sgn('w', [6], 0.1, 1));
  setParameter(gn.bias, [6], sgn('b', [6], 0.1));
  tf.tidy(() => {
    const x = map('x', want.shape);
    const g = map('g', want.shape);
    expectClose(nchw(gn.forward(x)), want.out, 1e-5);
    expectClose(nchw(tf.grad((t) => tf.sum(tf.mul(gn.forward(t as tf.Tensor4D), g)))(x)), want.grads[0], 2e-5);
  });
  expect(() => new GroupNorm({ channels: 6, groups: 4 })).toThrow(/divisible by num_groups 4/);
  gn.dispose();
});
