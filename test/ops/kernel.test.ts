// The contract with engines that bring detection kernels: names, inputs and attributes.

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { batchNormTrain } from '../../src/ops/batch-norm-train';
import { conv2d } from '../../src/ops/conv2d';
import { hasKernel } from '../../src/ops/kernel';
import { maxPool2d } from '../../src/ops/max-pool2d';
import { nms } from '../../src/ops/nms';
import { roiAlign } from '../../src/ops/roi-align';

interface Call {
  inputs: string[];
  attrs: unknown;
}
let own: tf.KernelConfig[] = [];

beforeAll(async () => void (await startEngine()));
afterEach(() => {
  for (const { kernelName, backendName } of own) tf.unregisterKernel(kernelName, backendName);
  own = [];
});

/** Puts a recording kernel in the engine's place for one test; each output is a tensor of zeros of its shape. */
function record(kernelName: string, outputs: { shape: number[]; dtype: 'float32' | 'int32' }[]): Call[] {
  const calls: Call[] = [];
  const backendName = tf.getBackend();
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    calls.push({ inputs: Object.keys(inputs), attrs });
    const made = outputs.map(({ shape, dtype }) => {
      const values =
        dtype === 'int32'
          ? new Int32Array(tf.util.sizeFromShape(shape))
          : new Float32Array(tf.util.sizeFromShape(shape));
      return { dataId: (backend as tf.KernelBackend).write(values, shape, dtype), shape, dtype };
    });
    return made.length === 1 ? made[0] : made;
  };
  const config = { kernelName, backendName, kernelFunc };
  tf.registerKernel(config);
  own.push(config);
  return calls;
}

// an engine that has the kernels proves the contract by every other test of this folder
const onFallback = () => !hasKernel('DetConv2D');

test('convolution and its optional inputs', () => {
  if (!onFallback()) return expect(hasKernel('DetBatchNorm')).toBe(true);
  const calls = record('DetConv2D', [{ shape: [1, 2, 2, 5], dtype: 'float32' }]);
  tf.tidy(() => {
    const y = conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([3, 3, 3, 5]), {
      strides: [2, 2],
      padding: [1, 1],
      bias: tf.zeros([5]),
      residual: tf.zeros([1, 2, 2, 5]),
      activation: 'relu',
    });
    expect(y.shape).toEqual([1, 2, 2, 5]);
  });
  const attrs = { strides: [2, 2], padding: [1, 1], dilations: [1, 1], groups: 1, activation: 'relu' };
  expect(calls).toEqual([{ inputs: ['x', 'filter', 'bias', 'residual'], attrs }]);
});

test('batch norm gives three outputs', () => {
  if (!onFallback()) return expect(hasKernel('DetBatchNorm')).toBe(true);
  const vector = { shape: [3], dtype: 'float32' as const };
  const calls = record('DetBatchNorm', [{ shape: [1, 2, 2, 3], dtype: 'float32' }, vector, vector]);
  tf.tidy(() => {
    const result = batchNormTrain(tf.zeros([1, 2, 2, 3]), tf.ones([3]), tf.zeros([3]));
    expect([result.y.shape, result.mean.shape, result.variance.shape]).toEqual([[1, 2, 2, 3], [3], [3]]);
  });
  expect(calls).toEqual([{ inputs: ['x', 'scale', 'offset'], attrs: { epsilon: 1e-5, activation: 'linear' } }]);
});

test('pooling, roi align and suppression', () => {
  if (!onFallback()) return expect(hasKernel('DetRoIAlign') && hasKernel('DetNMS')).toBe(true);
  const pool = record('DetMaxPool2D', [{ shape: [1, 2, 2, 3], dtype: 'float32' }]);
  const align = record('DetRoIAlign', [{ shape: [2, 7, 7, 3], dtype: 'float32' }]);
  const suppression = record('DetNMS', [{ shape: [1], dtype: 'int32' }]);
  tf.tidy(() => {
    const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 3]);
    maxPool2d(x, { size: [2, 2] });
    roiAlign(x, tf.zeros([2, 5]), { outputSize: [7, 7], spatialScale: 0.25 });
    expect(nms(tf.zeros([2, 4]), tf.zeros([2]), { iouThreshold: 0.5 }).dtype).toBe('int32');
  });
  expect(pool).toEqual([{ inputs: ['x'], attrs: { size: [2, 2], strides: [2, 2], padding: [0, 0], ceilMode: false } }]);
  expect(align).toEqual([
    { inputs: ['x', 'rois'], attrs: { outputSize: [7, 7], spatialScale: 0.25, samplingRatio: 0, aligned: true } },
  ]);
  expect(suppression).toEqual([{ inputs: ['boxes', 'scores'], attrs: { iouThreshold: 0.5, offset: 0 } }]);
});
