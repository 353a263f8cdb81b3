// Box coding and overlaps against MMDetection's (box_coders_iou.safetensors).

import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { readSafetensors } from '../../../src/checkpoints/safetensors';
import { startEngine } from '../../../src/engine';
import {
  type BboxOverlaps2D,
  type DeltaXYWHBBoxCoder,
  type DistancePointBBoxCoder,
  type TBLRBBoxCoder,
  taskModules,
  type YOLOBBoxCoder,
} from '../../../src/models/task-modules';

const { tensors } = readSafetensors(path.join(__dirname, '../../golden/box_coders_iou.safetensors'));
const floats = (name: string) => tensors.get(name)!.data as Float32Array;
const registry = new Registry(taskModules);
const coder = (stds: number[], rest: Record<string, unknown> = {}) =>
  registry.build<DeltaXYWHBBoxCoder>(
    'bbox_coder',
    { type: 'DeltaXYWHBBoxCoder', target_stds: stds, ...rest },
    { path: 'coder' },
  );

function expectClose(actual: Float32Array, expected: Float32Array, tolerance: number) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[i])));
}

beforeAll(async () => void (await startEngine()));

describe.each([
  ['rpn', [1, 1, 1, 1]],
  ['rcnn', [0.1, 0.1, 0.2, 0.2]],
  ['cas3', [0.033, 0.033, 0.067, 0.067]],
])('%s', (name, stds) => {
  const [props, gts, deltas, deltas12] = ['props', 'gts', 'deltas', 'deltas12'].map(floats);

  test('encode', () => expectClose(coder(stds).encode(props, gts), floats(`${name}.encode`), 3e-6));

  test.each([
    ['decode_clip', deltas, true],
    ['decode_noclip', deltas, false],
    ['decode_multi', deltas12, true],
  ])('%s, in arrays and in tensors', (suffix, input, clip) => {
    const c = coder(stds, { clip_border: clip });
    const expected = floats(`${name}.${suffix}`);
    expectClose(c.decode(props, input, [120, 160]), expected, 3e-6);
    tf.tidy(() => {
      const decoded = c.decodeTensors(
        tf.tensor2d(props, [24, 4]),
        tf.tensor2d(input, [24, input.length / 24]),
        [120, 160],
      );
      expectClose(decoded.dataSync<'float32'>(), expected, 3e-6);
    });
  });
});

test('decode is differentiable in the deltas', () => {
  const c = coder([1, 1, 1, 1]);
  tf.tidy(() => {
    const boxes = tf.tensor2d([[10, 10, 30, 50]]);
    const gradient = tf.grad((d: tf.Tensor) => tf.sum(c.decodeTensors(boxes, d as tf.Tensor2D)))(
      tf.tensor2d([[0.1, 0.2, 0.3, 0.4]]),
    );
    // the sum of the corners moves by twice the size with the centre, and not at all with the size
    expectClose(gradient.dataSync<'float32'>(), new Float32Array([40, 80, 0, 0]), 1e-5);
  });
});

test('the centre is clamped', () => {
  const c = coder([1, 1, 1, 1], { add_ctr_clamp: true, ctr_clamp: 32 });
  const [boxes, deltas] = [new Float32Array([0, 0, 100, 100]), new Float32Array([0.9, -0.9, -9, 0])];
  const half = 50 * Math.exp(-9);
  const expected = [82 - half, -32, 82 + half, 68];
  expectClose(c.decode(boxes, deltas), Float32Array.from(expected), 1e-6);
  tf.tidy(() => {
    const decoded = c.decodeTensors(tf.tensor2d(boxes, [1, 4]), tf.tensor2d(deltas, [1, 4]));
    expectClose(decoded.dataSync<'float32'>(), Float32Array.from(expected), 1e-6);
  });
});

test("the clamped centres of the reference, deltas of twenty times the others'", () => {
  const c = coder([1, 1, 1, 1], { add_ctr_clamp: true, ctr_clamp: 32 });
  const [props, deltas] = [floats('props'), floats('deltas').map((d) => d * 20)];
  expectClose(c.decode(props, deltas), floats('clamp.decode'), 3e-6);
  tf.tidy(() => {
    const decoded = c.decodeTensors(tf.tensor2d(props, [24, 4]), tf.tensor2d(deltas, [24, 4]));
    expectClose(decoded.dataSync<'float32'>(), floats('clamp.decode'), 3e-6);
  });
});

test('TBLRBBoxCoder', () => {
  const c = registry.build<TBLRBBoxCoder>('bbox_coder', { type: 'TBLRBBoxCoder' }, { path: 'coder' });
  const [props, distances] = [floats('props'), floats('deltas').map(Math.abs)];
  expectClose(c.encode(props, floats('gts')), floats('tblr.encode'), 3e-6);
  expectClose(c.decode(props, distances), floats('tblr.decode'), 3e-6);
  tf.tidy(() => {
    const boxes = tf.tensor2d(props, [24, 4]);
    expectClose(
      c.decodeTensors(boxes, tf.tensor2d(distances, [24, 4])).dataSync<'float32'>(),
      floats('tblr.decode'),
      3e-6,
    );
    const cut = c.decodeTensors(boxes, tf.tensor2d(distances, [24, 4]), [120, 160]).dataSync<'float32'>();
    expectClose(cut, c.decode(props, distances, [120, 160]), 3e-6);
  });
});

test('DistancePointBBoxCoder', () => {
  const c = registry.build<DistancePointBBoxCoder>('bbox_coder', { type: 'DistancePointBBoxCoder' }, { path: 'coder' });
  const distances = floats('deltas').map((d) => Math.abs(d) * 30);
  expectClose(c.encode(floats('points'), floats('gts')), floats('dist.encode'), 3e-6);
  expectClose(c.decode(floats('points'), distances, [120, 160]), floats('dist.decode'), 3e-6);
});

test('YOLOBBoxCoder', () => {
  const c = registry.build<YOLOBBoxCoder>('bbox_coder', { type: 'YOLOBBoxCoder' }, { path: 'coder' });
  tf.tidy(() => {
    const predicted = tf.sigmoid(tf.tensor2d(floats('deltas'), [24, 4]));
    const decoded = c.decodeTensors(tf.tensor2d(floats('props'), [24, 4]), predicted, tf.fill([24, 1], 16));
    expectClose(decoded.dataSync<'float32'>(), floats('yolo.decode'), 5e-6);
  });
});

test.each(['iou', 'giou', 'iof'] as const)('overlaps: %s', (mode) => {
  const calculator = registry.build<BboxOverlaps2D>('iou_calculator', { type: 'BboxOverlaps2D' }, { path: 'iou' });
  const overlaps = calculator.overlaps(floats('props'), floats('gts'), mode);
  expectClose(overlaps, floats(`overlaps.${mode}`), 1e-6);
  const paired = Float32Array.from({ length: 24 }, (_, i) => overlaps[25 * i]);
  expectClose(paired, floats(`overlaps_aligned.${mode}`), 1e-6);
});
