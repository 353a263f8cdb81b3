// RoIAlign against mmcv.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { roiAlign } from '../../src/ops/roi-align';
import { expectClose, golden, nchw, nhwc, sgn } from '../golden-data';

beforeAll(async () => void (await startEngine()));

describe('roiAlign', () => {
  const { tensors } = golden('roi_align');
  const cases = [...tensors.keys()].filter((name) => /^al/.test(name));
  test.each(cases)('%s: values and gradient', (name) => {
    const [, aligned, ratio, size] = /al(\d)_sr(\d)_(\d+)/.exec(name)!;
    const options = {
      outputSize: [Number(size), Number(size)] as [number, number],
      spatialScale: 1 / 8,
      samplingRatio: Number(ratio),
      aligned: aligned === '1',
    };
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = nhwc(tensors.get('feat')!);
      const rois = tf.tensor2d(tensors.get('rois')!.data, [10, 5]);
      const want = tensors.get(name)!;
      let y = roiAlign(x, rois, options);
      expect(y.shape).toEqual([10, Number(size), Number(size), 4]);
      if (want.shape[1] === 2) y = tf.gather(y, [0, 2], 3); // 14 x 14: channels 0 and 2 are stored
      expectClose(nchw(y), want.data, 5e-6, 'values');
      const shape = [10, 4, Number(size), Number(size)];
      const g = nhwc({ shape, data: sgn('g', shape) });
      const grad = tf.grad((input) => tf.sum(tf.mul(roiAlign(input as tf.Tensor4D, rois, options), g)))(x);
      expectClose(nchw(grad), tensors.get(`grad.${name}`)!.data, 5e-5, 'gradient');
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('no rois give an empty result, and rois without image index an error', () => {
    const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 2]);
    expect(roiAlign(x, tf.zeros([0, 5]), { outputSize: [7, 7], spatialScale: 1 }).shape).toEqual([0, 7, 7, 2]);
    expect(() => roiAlign(x, tf.zeros([3, 4]), { outputSize: [7, 7], spatialScale: 1 })).toThrow(
      /expected shape \[K, 5\]/,
    );
  });
});
