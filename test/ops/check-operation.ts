// Operations against Python torch: forward, gradients, and that neither leaves a tensor.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { expectClose, nchw, nhwc, sgn } from '../golden-data';
import { torchCases } from '../torch-cases';

/** A filter OIHW of formula values, as HWIO. */
export const filter = (shape: number[]) =>
  tf.tidy(() => tf.transpose(tf.tensor4d(sgn('w', shape), shape as [number, number, number, number]), [2, 3, 1, 0]));
export const vector = (name: string, n: number) => tf.tensor1d(sgn(name, [n]));

/** Values in PyTorch's order: maps NCHW, filters OIHW. */
export function torchOrder(t: tf.Tensor, isFilter: boolean): Float32Array {
  if (t.rank !== 4) return t.dataSync<'float32'>().slice();
  return isFilter ? tf.tidy(() => tf.transpose(t, [3, 2, 0, 1]).dataSync<'float32'>().slice()) : nchw(t);
}

/** Compares forward and gradients with Python torch's, and that neither leaves a tensor behind. */
export function checkOperation(name: string, f: (...xs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], filterAt = -1) {
  const want = torchCases[name];
  const before = tf.memory().numTensors;
  const [n, c, h, w] = want.shape;
  const run = () =>
    tf.tidy(() => {
      const y = f(...inputs);
      expect(y.shape).toEqual([n, h, w, c]);
      expectClose(nchw(y), want.out, 2e-5, `${name} forward`);
      const g = nhwc({ shape: want.shape, data: sgn('g', want.shape) });
      const grads = tf.grads((...xs) => tf.sum(tf.mul(f(...xs), g)))(inputs);
      for (const [i, grad] of grads.entries())
        expectClose(torchOrder(grad, i === filterAt), want.grads[i], 5e-5, `${name} gradient ${i}`);
    });
  run();
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose(inputs);
}

export const asMap = (t: tf.Tensor) => t as tf.Tensor4D;
