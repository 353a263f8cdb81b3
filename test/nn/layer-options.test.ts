// Activations by their options against Python torch.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { type ActCfg, buildActivation } from '../../src/nn/layer-options';
import { expectClose, nchw } from '../golden-data';
import { map, torchCases } from '../torch-cases';

beforeAll(async () => void (await startEngine()));

test.each([
  ['ReLU6', 'ReLU6'],
  ['LeakyReLU', 'LeakyReLU'],
  ['SiLU', 'SiLU'],
  ['Swish', 'SiLU'],
  ['HSwish', 'Hardswish'],
  ['GELU', 'GELU'],
  ['Sigmoid', 'Sigmoid'],
  ['Tanh', 'Tanh'],
] as [ActCfg['type'], string][])('activation %s equals torch.nn.%s', (type, theirs) => {
  const want = torchCases[`act_${theirs}`];
  const { apply } = buildActivation({ type });
  tf.tidy(() => {
    const x = map('x', want.shape, 5);
    const g = map('g', want.shape);
    expectClose(nchw(apply(x)), want.out, 2e-6);
    expectClose(nchw(tf.grad((t) => tf.sum(tf.mul(apply(t), g)))(x)), want.grads[0], 5e-6);
  });
});
