// Position-sensitive pooling against its formulas in float64: RoIs across the borders, beyond them and without a size.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { psRoIPool } from '../../src/ops/ps-roi-pool';
import { expectClose, goldenJson, nchw, nhwc, sgn } from '../golden-data';

interface Case {
  size: [number, number];
  shape: number[];
  out: number[];
  /** Of every fifth channel. */
  grad: number[];
  sampling_ratio?: number;
}
const golden = goldenJson<{ rois: number[][]; cases: Record<string, Case> }>('ps_roi_pool');

beforeAll(async () => void (await startEngine()));

test.each(Object.entries(golden.cases))(
  '%s: values and gradient',
  (name, { size, shape, out, grad, sampling_ratio }) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const rois = tf.tensor2d(golden.rois);
      const input = [2, 3 * size[0] * size[1], 11, 13];
      const x = nhwc({ shape: input, data: sgn('x', input) });
      const g = nhwc({ shape, data: sgn('g', shape) });
      const mode = name.startsWith('align') ? 'align' : 'pool';
      const pool = (map: tf.Tensor) =>
        psRoIPool(map as tf.Tensor4D, rois, {
          ...{ outputSize: size, spatialScale: 0.25, mode },
          samplingRatio: sampling_ratio,
        });
      expectClose(nchw(pool(x)), out, 1e-5, 'values');
      const dx = tf.grad((map) => tf.sum(tf.mul(pool(map), g)))(x);
      const channels = Array.from({ length: Math.ceil(input[1] / 5) }, (_, k) => 5 * k);
      expectClose(nchw(tf.gather(dx, channels, 3) as tf.Tensor4D), grad, 5e-5, 'gradient');
    });
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('no RoIs give an empty result, channels that are no multiple of the bins an error', () => {
  const options = { outputSize: [2, 2] as [number, number], spatialScale: 1, mode: 'pool' as const };
  expect(psRoIPool(tf.zeros([1, 4, 4, 8]), tf.zeros([0, 5]), options).shape).toEqual([0, 2, 2, 2]);
  expect(() => psRoIPool(tf.zeros([1, 4, 4, 6]), tf.zeros([1, 5]), options)).toThrow(
    /multiple of 2 x 2 bins, received 6/,
  );
});
