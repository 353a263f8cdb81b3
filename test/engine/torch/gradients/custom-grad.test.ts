// tf.customGrad on libtorch's autograd.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../../src/engine';

beforeAll(async () => void (await startEngine({ engine: 'torch' })));
beforeEach(() => {
  tf.setBackend('torch');
});

describe('customGrad', () => {
  const list = (t: tf.Tensor) => Array.from(t.dataSync());

  /** Squares, with a made-up gradient 7x. */
  const strange = tf.customGrad((t, save) => {
    (save as tf.GradSaveFunc)([t as tf.Tensor]);
    return {
      value: tf.square(t as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.mul(saved[0], 7)),
    };
  });

  it('honours the custom gradient', () => {
    expect(list(tf.grad((t) => tf.sum(strange(t)))(tf.tensor1d([1, 2])))).toEqual([7, 14]);
    expect(list(strange(tf.tensor1d([3])))).toEqual([9]);
  });

  it('differentiates the custom gradient itself', () => {
    expect(list(tf.grad(tf.grad((t) => tf.sum(strange(t))))(tf.tensor1d([1, 2])))).toEqual([7, 7]);
  });

  it('takes more than eight inputs', () => {
    const many = tf.customGrad((...args) => {
      const tensors = args.slice(0, -1) as tf.Tensor[];
      return { value: tf.addN(tensors), gradFunc: (dy: tf.Tensor) => tensors.map((_, i) => tf.mul(dy, i)) };
    });
    const inputs = Array.from({ length: 12 }, (_, i) => tf.tensor1d([i]));
    expect(
      tf
        .grads((...ts) => tf.sum(many(...ts)))(inputs)
        .map((g) => g.dataSync()[0]),
    ).toEqual([...Array(12).keys()]);
  });

  it('passes on what gradFunc throws, and recovers', () => {
    const failing = tf.customGrad((t) => ({
      value: tf.clone(t as tf.Tensor),
      gradFunc: () => {
        throw new RangeError('boom');
      },
    }));
    expect(() => tf.grad((t) => tf.sum(failing(t)))(tf.tensor1d([1]))).toThrow(RangeError);
    expect(list(tf.grad((t) => tf.sum(tf.square(t)))(tf.tensor1d([2])))).toEqual([4]);
  });

  it('refuses gradients of the wrong number or shape', () => {
    const wrongCount = tf.customGrad((t) => ({
      value: tf.clone(t as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => [dy, dy],
    }));
    const wrongShape = tf.customGrad((t) => ({
      value: tf.clone(t as tf.Tensor),
      gradFunc: () => tf.zeros([5]),
    }));
    expect(() => tf.grad((t) => tf.sum(wrongCount(t)))(tf.tensor1d([1]))).toThrow(/same number/);
    expect(() => tf.grad((t) => tf.sum(wrongShape(t)))(tf.tensor1d([1]))).toThrow(/shape/);
  });

  it('can take a gradient inside gradFunc', () => {
    const nested = tf.customGrad((t, save) => {
      (save as tf.GradSaveFunc)([t as tf.Tensor]);
      return {
        value: tf.square(t as tf.Tensor),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(tf.grad((z) => tf.sum(tf.square(z)))(saved[0]), dy),
      };
    });
    expect(list(tf.grad((t) => tf.sum(nested(t)))(tf.tensor1d([1, 2])))).toEqual([2, 4]);
  });
});
