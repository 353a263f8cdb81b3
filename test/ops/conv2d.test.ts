// Convolution against Python torch.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { conv2d } from '../../src/ops/conv2d';
import { map } from '../torch-cases';
import { asMap, checkOperation, filter, vector } from './check-operation';

beforeAll(async () => void (await startEngine()));

test('convolution with dilation, stride, bias and ReLU', () => {
  checkOperation(
    'conv_dilated',
    (x, w, bias) =>
      conv2d(asMap(x), asMap(w), { strides: [2, 2], padding: [2, 2], dilations: [2, 2], bias, activation: 'relu' }),
    [map('x', [2, 3, 9, 8]), filter([4, 3, 3, 3]), vector('b', 4)],
    1,
  );
});

test('convolution in groups with scale, bias and residual', () => {
  checkOperation(
    'conv_grouped',
    (x, w, scale, bias, r) =>
      conv2d(asMap(x), asMap(w), { padding: [1, 0], groups: 2, scale, bias, residual: asMap(r) }),
    [map('x', [2, 4, 5, 6]), filter([6, 2, 3, 1]), vector('s', 6), vector('b', 6), map('r', [2, 6, 5, 6])],
    1,
  );
  const x = map('x', [1, 3, 4, 4]);
  expect(() => conv2d(x, tf.zeros([1, 1, 4, 2]))).toThrow(/expected 4 input channels, received 3/);
});
