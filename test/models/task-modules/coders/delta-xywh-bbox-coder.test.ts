// DeltaXYWHBBoxCoder against MMDetection's (box_coders_iou.safetensors).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../../src/engine';
import { buildCoder, expectRelative, floats } from './cases';

const coder = (stds: number[], rest: Record<string, unknown> = {}) =>
  buildCoder({ type: 'DeltaXYWHBBoxCoder', target_stds: stds, ...rest });

beforeAll(async () => void (await startEngine()));

describe.each([
  ['rpn', [1, 1, 1, 1]],
  ['rcnn', [0.1, 0.1, 0.2, 0.2]],
  ['cas3', [0.033, 0.033, 0.067, 0.067]],
])('%s', (name, stds) => {
  const [props, gts, deltas, deltas12] = ['props', 'gts', 'deltas', 'deltas12'].map(floats);

  test('encode', () => expectRelative(coder(stds).encode(props, gts), floats(`${name}.encode`), 3e-6));

  test.each([
    ['decode_clip', deltas, true],
    ['decode_noclip', deltas, false],
    ['decode_multi', deltas12, true],
  ])('%s, in arrays and in tensors', (suffix, input, clip) => {
    const c = coder(stds, { clip_border: clip });
    const expected = floats(`${name}.${suffix}`);
    const shape = { maxShape: [120, 160] as [number, number] };
    expectRelative(c.decode(props, input, shape), expected, 3e-6);
    tf.tidy(() => {
      const decoded = c.decodeTensors(props, tf.tensor2d(input, [24, input.length / 24]), shape);
      expect(decoded.shape).toEqual([24, input.length / 24]);
      expectRelative(decoded.dataSync<'float32'>(), expected, 3e-6);
      const images = c.decodeTensors(props, tf.tensor3d([...input, ...input], [2, 24, input.length / 24]), shape);
      expectRelative(images.dataSync<'float32'>().subarray(input.length), expected, 3e-6);
    });
  });
});

test('decode is differentiable in the deltas', () => {
  const c = coder([1, 1, 1, 1]);
  tf.tidy(() => {
    const boxes = Float32Array.of(10, 10, 30, 50);
    const gradient = tf.grad((d: tf.Tensor) => tf.sum(c.decodeTensors(boxes, d)))(tf.tensor2d([[0.1, 0.2, 0.3, 0.4]]));
    // the sum of the corners moves by twice the size with the centre, and not at all with the size
    expectRelative(gradient.dataSync<'float32'>(), new Float32Array([40, 80, 0, 0]), 1e-5);
  });
});

test('the centre is clamped', () => {
  const c = coder([1, 1, 1, 1], { add_ctr_clamp: true, ctr_clamp: 32 });
  const [boxes, deltas] = [new Float32Array([0, 0, 100, 100]), new Float32Array([0.9, -0.9, -9, 0])];
  const half = 50 * Math.exp(-9);
  const expected = Float32Array.of(82 - half, -32, 82 + half, 68);
  expectRelative(c.decode(boxes, deltas), expected, 1e-6);
  tf.tidy(() =>
    expectRelative(c.decodeTensors(boxes, tf.tensor2d(deltas, [1, 4])).dataSync<'float32'>(), expected, 1e-6),
  );
});

test("the clamped centres of the reference, deltas of twenty times the others'", () => {
  const c = coder([1, 1, 1, 1], { add_ctr_clamp: true, ctr_clamp: 32 });
  const [props, deltas] = [floats('props'), floats('deltas').map((d) => d * 20)];
  expectRelative(c.decode(props, deltas), floats('clamp.decode'), 3e-6);
  tf.tidy(() => {
    const decoded = c.decodeTensors(props, tf.tensor2d(deltas, [24, 4]));
    expectRelative(decoded.dataSync<'float32'>(), floats('clamp.decode'), 3e-6);
  });
});
