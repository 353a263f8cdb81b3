// YOLOBBoxCoder against MMDetection's (box_coders_iou.safetensors).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../../src/engine';
import { buildCoder, expectRelative, floats } from './cases';

const coder = buildCoder({ type: 'YOLOBBoxCoder' });
const strides = new Float32Array(24).fill(16);

beforeAll(async () => void (await startEngine()));

test('equals the reference, in arrays and in tensors', () => {
  const codes = floats('deltas').map((v) => 1 / (1 + Math.exp(-v)));
  expectRelative(coder.decode(floats('props'), codes, { strides }), floats('yolo.decode'), 5e-6);
  tf.tidy(() => {
    const predicted = tf.sigmoid(tf.tensor2d(floats('deltas'), [24, 4]));
    const decoded = coder.decodeTensors(floats('props'), predicted, { strides });
    expectRelative(decoded.dataSync<'float32'>(), floats('yolo.decode'), 5e-6);
  });
});

test('decoding what was encoded gives the boxes back, where their centre is in the cell', () => {
  const anchors = Float32Array.of(4, 4, 20, 20, 36, 20, 60, 60);
  const boxes = Float32Array.of(8, 6, 24, 14, 40, 30, 50, 44);
  const two = { strides: [16, 32] };
  expectRelative(coder.decode(anchors, coder.encode(anchors, boxes, two), two), boxes, 1e-6);
});

test('needs strides', () => {
  expect(() => coder.encode(floats('props'), floats('gts'))).toThrow(
    /YOLOBBoxCoder: expected the stride of each anchor/,
  );
});
