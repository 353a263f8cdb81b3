// Tensors as text and HTML.

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { isTensor, tensorShown } from '../../../../kernels/jupyter/display/tensor';

const EVIL = '<img src=x onerror=alert(1)>';

it('shows all types, with strings escaped', async () => {
  await tf.setBackend('cpu');
  const strings = tensorShown(tf.tensor2d([['a', EVIL]]) as never);
  expect(strings.data['text/plain']).toBe(`Tensor string [1, 2]\n[[${'"a"'.padStart(EVIL.length + 2)}, "${EVIL}"]]`);
  expect(strings.data['text/html']).not.toContain('<img');
  const complex = tensorShown(tf.complex([1, 2], [3, -4]) as never);
  expect(complex.data['text/plain']).toBe('Tensor complex64 [2]\n[1+3i, 2-4i]');
  const odd = tensorShown(tf.tensor1d([Number.NaN, Number.NEGATIVE_INFINITY, 0.5, 1.23456789e25]) as never);
  expect(odd.data['text/plain']).toBe('Tensor float32 [4]\n[        NaN,   -Infinity,         0.5, 1.23457e+25]');
  expect(isTensor(tf.scalar(1))).toBe(true);
  expect(isTensor({ shape: [1], dtype: 'float32' })).toBe(false);
});

it('shows type and size of a tensor that cannot be read', () => {
  const lost = {
    dataId: {},
    dtype: 'float32',
    shape: [2],
    size: 2,
    isDisposed: false,
    dataSync: () => {
      throw new Error(EVIL);
    },
  };
  const { data } = tensorShown(lost as never);
  expect(data['text/plain']).toBe(`Tensor float32 [2], 2 values, 8 bytes, its values cannot be read: ${EVIL}`);
  expect(data['text/html']).not.toContain('<img');
});
