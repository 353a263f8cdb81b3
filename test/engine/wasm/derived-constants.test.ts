import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startWasm } from '../../../src/engine/wasm';
import { conv2d } from '../../../src/ops/conv2d';

beforeAll(() => startWasm({ threads: 1 }));

/** The tensor that a variable is made of is freed here. */
const variable = <R extends tf.Rank>(make: () => tf.Tensor<R>) => tf.tidy(() => tf.variable(make()));
const dataIds = () => (tf.backend() as tf.KernelBackend).numDataIds();
const values = (f: () => tf.Tensor) => tf.tidy(() => [...f().dataSync()]);

test('a transposed weight is kept, follows an assignment, and is freed with its variable', () => {
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const before = dataIds();
  const w = variable(() => tf.tensor2d([1, 0, 0, 1, 5, 7], [3, 2]));
  const product = () => values(() => tf.matMul(x, w, false, true));
  const expected = [1, 2, 19, 3, 4, 43];
  expect(product()).toEqual(expected);
  const kept = dataIds();
  expect(product()).toEqual(expected);
  expect(product()).toEqual(expected);
  expect(dataIds()).toBe(kept);
  tf.tidy(() => w.assign(tf.tensor2d([2, 0, 0, 2, 1, 1], [3, 2])));
  expect(product()).toEqual([2, 4, 3, 6, 8, 7]);
  expect(dataIds()).toBe(kept);
  w.dispose();
  expect(dataIds()).toBe(before);
  x.dispose();
});

test('the weight of a fused product is kept too', () => {
  const w = variable(() => tf.ones<tf.Rank.R2>([3, 2]));
  const a = tf.ones<tf.Rank.R2>([2, 2]);
  const product = () => values(() => tf.fused.matMul({ a, b: w, transposeB: true, activation: 'relu' }));
  const kept: number[] = [];
  const ids = dataIds();
  for (let i = 0; i < 4; i++) {
    expect(product()).toEqual([2, 2, 2, 2, 2, 2]);
    kept.push(dataIds());
  }
  expect(kept.slice(1)).toEqual([ids + 1, ids + 1, ids + 1]);
  w.dispose();
  expect(dataIds()).toBe(ids - 1);
  a.dispose();
});

test('a filter with a folded scale is kept for each scale, and freed with either', () => {
  const x = tf.ones<tf.Rank.R4>([1, 2, 2, 2]);
  const before = dataIds();
  const filter = variable(() => tf.ones<tf.Rank.R4>([1, 1, 2, 3]));
  const run = (scale: tf.Tensor) => values(() => conv2d(x, filter as tf.Tensor4D, { scale })).slice(0, 3);
  const scale = tf.tensor1d([1, 2, 3]);
  for (let i = 0; i < 3; i++) expect(run(scale)).toEqual([2, 4, 6]);
  const other = tf.tensor1d([5, 5, 5]);
  expect(run(other)).toEqual([10, 10, 10]);
  expect(run(scale)).toEqual([2, 4, 6]);
  tf.dispose([scale, other]);
  filter.dispose();
  expect(dataIds()).toBe(before);
  x.dispose();
});

test('what training changes with every step is not kept', () => {
  const x = tf.ones<tf.Rank.R2>([2, 2]);
  const w = variable(() => tf.ones<tf.Rank.R2>([3, 2]));
  const step = () =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => tf.sum(tf.matMul(x, w, false, true)), [w]);
      w.assign(tf.sub(w, tf.mul(grads[w.name], 0.1)));
    });
  step();
  const before = dataIds();
  for (let i = 0; i < 3; i++) step();
  expect(dataIds()).toBe(before);
  tf.dispose([x, w]);
});
