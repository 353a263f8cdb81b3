// Deformable RoI pooling against mmcv's formula in float64: RoIs across the borders, beyond them and without a size.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { type DeformRoIPoolOptions, deformRoIPool } from '../../src/ops/deform-roi-pool';
import { expectClose, goldenJson, nchw, nhwc, sgn } from '../golden-data';
import { onFallback } from './deformable';

interface Case {
  options: DeformRoIPoolOptions;
  shape: number[];
  out: number[];
  grads: { x: number[]; offset?: number[] };
}
const golden = goldenJson<{ rois: number[][]; cases: Record<string, Case> }>('deform_roi_pool');

beforeAll(async () => void (await startEngine()));

function check({ options, shape, out, grads }: Case): void {
  const rois = tf.tensor2d(golden.rois);
  const [k, , h, w] = shape;
  const maps = (name: string, dims: number[]) => nhwc({ shape: dims, data: sgn(name, dims) });
  const x = maps('x', [2, 3, 11, 13]);
  const g = maps('g', shape);
  const offset = maps('o', [k, 2, h, w]);
  const pool = (map: tf.Tensor4D, moves?: tf.Tensor4D) => deformRoIPool(map, rois, grads.offset && moves, options);
  expectClose(nchw(pool(x, offset)), out, 1e-5, 'values');
  const [dx, dOffset] = grads.offset
    ? tf.grads((map, moves) => tf.sum(tf.mul(pool(map as tf.Tensor4D, moves as tf.Tensor4D), g)))([x, offset])
    : [tf.grad((map) => tf.sum(tf.mul(pool(map as tf.Tensor4D), g)))(x)];
  expectClose(nchw(dx as tf.Tensor4D), grads.x, 5e-5, 'gradient of x');
  if (grads.offset) expectClose(nchw(dOffset as tf.Tensor4D), grads.offset, 5e-5, 'gradient of offset');
}

test.each(Object.entries(golden.cases))('%s, on the engine and its fallback', (_, want) => {
  const before = tf.memory().numTensors;
  tf.tidy(() => check(want));
  tf.tidy(() => onFallback(() => check(want)));
  expect(tf.memory().numTensors).toBe(before);
});

test('no RoIs give an empty result, offsets of another shape an error', () => {
  const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 2]);
  const options = { outputSize: [2, 2] as [number, number], spatialScale: 1 };
  expect(deformRoIPool(x, tf.zeros([0, 5]), tf.zeros([0, 2, 2, 2]), options).shape).toEqual([0, 2, 2, 2]);
  expect(() => deformRoIPool(x, tf.zeros([3, 5]), tf.zeros([3, 2, 3, 2]), options)).toThrow(
    /expected offsets of shape \[3,2,2,2\]/,
  );
});
