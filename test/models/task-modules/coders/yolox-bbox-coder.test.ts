// YOLOXBBoxCoder: both directions, and plain arrays against tensors. YOLOXHead's reference file covers it within the head.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, test } from 'vitest';
import { startEngine } from '../../../../src/engine';
import { YOLOXBBoxCoder } from '../../../../src/models/task-modules/coders/yolox-bbox-coder';
import { boxes, expectClose, sgn } from '../../../golden-data';

beforeAll(async () => void (await startEngine()));

const coder = new YOLOXBBoxCoder();
const points = Float32Array.of(0, 8, 8, 8, 32, 16, 16, 16, 96, 64, 32, 32);

test('a box of one stride around the point has zero codes', () => {
  const codes = coder.encode(Float32Array.of(32, 16, 16, 16), Float32Array.of(24, 8, 40, 24));
  expectClose(codes, [0, 0, 0, 0], 1e-7);
});

test('decoded boxes are those that were encoded', () => {
  const truths = boxes('truths', 3, { w: 128, h: 96 });
  expectClose(coder.decode(points, coder.encode(points, truths)), truths, 1e-3);
});

test('tensors of a batch decode as plain arrays do', () => {
  const codes = sgn('codes', [2, 3, 4]);
  const batch = tf.tidy(() => coder.decodeTensors(points, tf.tensor3d(codes, [2, 3, 4])).dataSync<'float32'>());
  for (const n of [0, 1])
    expectClose(batch.subarray(12 * n, 12 * n + 12), coder.decode(points, codes.subarray(12 * n, 12 * n + 12)), 1e-4);
});
