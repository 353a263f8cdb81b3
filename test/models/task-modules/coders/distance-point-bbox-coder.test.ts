// DistancePointBBoxCoder against MMDetection's (box_coders_iou.safetensors).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../../src/engine';
import { buildCoder, expectRelative, floats } from './cases';

const coder = buildCoder({ type: 'DistancePointBBoxCoder' });
/** The reference's [n, 2], with a stride that must not matter. */
const points = Float32Array.from({ length: 2 * floats('points').length }, (_, i) =>
  i & 2 ? 8 : floats('points')[2 * (i >> 2) + (i & 1)],
);
const distances = floats('deltas').map((d) => Math.abs(d) * 30);
const clipped = { maxShape: [120, 160] as [number, number] };

beforeAll(async () => void (await startEngine()));

test('equals the reference', () => {
  expectRelative(coder.encode(points, floats('gts')), floats('dist.encode'), 3e-6);
  expectRelative(coder.decode(points, distances, clipped), floats('dist.decode'), 3e-6);
});

test('decodes tensors of one or more images as arrays', () => {
  tf.tidy(() => {
    const codes = tf.tensor2d(distances, [24, 4]);
    const cut = coder.decodeTensors(points, codes, clipped).dataSync<'float32'>();
    expectRelative(cut, floats('dist.decode'), 3e-6);
    const images = coder.decodeTensors(points, tf.stack([codes, codes]));
    expect(images.shape).toEqual([2, 24, 4]);
    expectRelative(images.dataSync<'float32'>().subarray(96), coder.decode(points, distances), 3e-6);
  });
});

test('limits distances to [0, maxDistance - epsilon]', () => {
  const box = Float32Array.of(12, 2, 30, 40);
  const at = Float32Array.of(10, 10, 8, 8);
  expect([...coder.encode(at, box)]).toEqual([-2, 8, 20, 30]);
  expect([...coder.encode(at, box, { maxDistance: 16, epsilon: 0.5 })]).toEqual([0, 8, 15.5, 15.5]);
  expect(coder.encode(at, box, { maxDistance: 16 })[3]).toBeCloseTo(15.9, 6);
});
