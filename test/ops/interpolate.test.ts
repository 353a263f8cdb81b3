// Resizing maps: what the way of computing it must not change. (Its values are compared with PyTorch's through the layers that resize.)

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { interpolate } from '../../src/ops';

beforeAll(async () => void (await startEngine()));

test.each(['bilinear', 'bicubic', 'area'] as const)('%s: maps of one channel are those of one map', (mode) => {
  const maps = tf.randomUniform<tf.Rank.R4>([6, 5, 7, 1], -1, 1, 'float32', 3);
  const size: [number, number] = [9, 4];
  // antialiased, it is computed by products on every engine
  const options = { size, mode, antialias: mode !== 'area' };
  const products: number[] = [];
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = function run(this: typeof engine, name: string, inputs: tf.NamedTensorMap, attrs?: object) {
    if (name === 'BatchMatMul') products.push(inputs.a.shape.slice(0, -2).reduce((count, n) => count * n, 1));
    return runKernel.call(this, name, inputs, attrs as tf.NamedAttrMap);
  } as typeof runKernel;
  let found: tf.Tensor4D;
  try {
    found = interpolate(maps, options);
  } finally {
    engine.runKernel = runKernel;
  }
  const together = interpolate(tf.transpose(maps, [3, 1, 2, 0]), options);
  const gap = tf.max(tf.abs(tf.sub(tf.transpose(together, [3, 1, 2, 0]), found)));
  expect(found.shape).toEqual([6, 9, 4, 1]);
  expect(gap.dataSync()[0]).toBeLessThan(1e-6);
  // one for each map, and not for each of its lines
  expect(Math.max(...products)).toBe(6);
});
