import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { batchNormTrain } from '../../src/ops/batch-norm-train';
import { conv2d } from '../../src/ops/conv2d';
import { maxPool2d } from '../../src/ops/max-pool2d';
import { resizeNearest, upsampleNearest } from '../../src/ops/resize-nearest';
import { expectClose, goldenJson, nchw, nhwc, sgn } from '../golden-data';

interface Case {
  shape: number[];
  out: number[];
  grads: number[][];
}
const cases = goldenJson<Record<string, Case>>('layers');
const map = (name: string, shape: number[]) => nhwc({ shape, data: sgn(name, shape) });
const filter = (shape: number[]) =>
  tf.tidy(() => tf.transpose(tf.tensor4d(sgn('w', shape), shape as [number, number, number, number]), [2, 3, 1, 0]));
const vector = (name: string, n: number) => tf.tensor1d(sgn(name, [n]));

beforeAll(async () => void (await startEngine()));

/** Values in PyTorch's order: maps NCHW, filters OIHW. */
function torchOrder(t: tf.Tensor, isFilter: boolean): Float32Array {
  if (t.rank !== 4) return t.dataSync<'float32'>().slice();
  return isFilter ? tf.tidy(() => tf.transpose(t, [3, 2, 0, 1]).dataSync<'float32'>().slice()) : nchw(t);
}

/** Compares forward and gradients with Python torch's, and that neither leaves a tensor behind. */
function check(name: string, f: (...xs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], filterAt = -1) {
  const want = cases[name];
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
const m = (t: tf.Tensor) => t as tf.Tensor4D;

test('convolution with dilation, stride, bias and ReLU', () => {
  check(
    'conv_dilated',
    (x, w, bias) =>
      conv2d(m(x), m(w), { strides: [2, 2], padding: [2, 2], dilations: [2, 2], bias, activation: 'relu' }),
    [map('x', [2, 3, 9, 8]), filter([4, 3, 3, 3]), vector('b', 4)],
    1,
  );
});

test('convolution in groups with scale, bias and residual', () => {
  check(
    'conv_grouped',
    (x, w, scale, bias, r) => conv2d(m(x), m(w), { padding: [1, 0], groups: 2, scale, bias, residual: m(r) }),
    [map('x', [2, 4, 5, 6]), filter([6, 2, 3, 1]), vector('s', 6), vector('b', 6), map('r', [2, 6, 5, 6])],
    1,
  );
  const x = map('x', [1, 3, 4, 4]);
  expect(() => conv2d(x, tf.zeros([1, 1, 4, 2]))).toThrow(/expected 4 input channels, received 3/);
});

test('max pooling rounds down, up, and drops a window that starts in the padding', () => {
  const size: [number, number] = [3, 3];
  check('max_pool_floor', (x) => maxPool2d(m(x), { size, strides: [2, 2], padding: [1, 1] }), [map('x', [2, 3, 8, 7])]);
  check('max_pool_ceil', (x) => maxPool2d(m(x), { size, strides: [2, 2], padding: [1, 1], ceilMode: true }), [
    map('x', [1, 2, 8, 7]),
  ]);
  check(
    'max_pool_ceil_drop',
    (x) => maxPool2d(m(x), { size: [2, 2], strides: [3, 3], padding: [1, 1], ceilMode: true }),
    [map('x', [1, 2, 7, 5])],
  );
});

test('nearest resizing by whole factors, to odd sizes and down', () => {
  check('nearest_2x', (x) => resizeNearest(m(x), [6, 8]), [map('x', [2, 3, 3, 4])]);
  check('nearest_2x', (x) => upsampleNearest(m(x), 2), [map('x', [2, 3, 3, 4])]);
  check('nearest_odd', (x) => resizeNearest(m(x), [5, 7]), [map('x', [2, 3, 3, 4])]);
  check('nearest_down', (x) => resizeNearest(m(x), [2, 3]), [map('x', [2, 3, 5, 7])]);
});

test('batch norm by batch statistics, with residual and ReLU', () => {
  const want = cases.batch_norm_train;
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
      batchNormTrain(m(x), w, b, { residual: m(r), activation: 'relu' }).y;
    expectClose(nchw(f(inputs[0], inputs[1], inputs[2], inputs[3])), want.out, 1e-5, 'forward');
    const grads = tf.grads((x, w, b, r) => tf.sum(tf.mul(f(x, w, b, r), g)))(inputs);
    for (const [i, grad] of grads.entries()) expectClose(torchOrder(grad, false), want.grads[i], 2e-5, `gradient ${i}`);
    const { mean, variance } = batchNormTrain(m(inputs[0]), inputs[1], inputs[2]);
    const { mean: mu, variance: sigma } = tf.moments(inputs[0], [0, 1, 2]);
    expectClose(mean.dataSync(), mu.dataSync(), 1e-6);
    expectClose(variance.dataSync(), sigma.dataSync(), 1e-6);
  });
});
