// Pixels of the forms in which programs hold images.

import { createCanvas } from '@napi-rs/canvas';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { pixelsOf } from '../../../src/data/sources/pixels-of';

const rgb = Uint8Array.from([10, 20, 30, 40, 50, 60]); // 2 x 1
const expected = { data: rgb, width: 2, height: 1, order: 'rgb' };
const rgba = [10, 20, 30, 255, 40, 50, 60, 0];

test.each([
  ['three channels', { data: rgb, width: 2, height: 1 }],
  ['a Buffer', { data: Buffer.from(rgb), width: 2, height: 1, order: 'rgb' as const }],
  ['clamped', { data: Uint8ClampedArray.from(rgb), width: 2, height: 1 }],
  ['ImageData: alpha is dropped', { data: Uint8ClampedArray.from(rgba), width: 2, height: 1 }],
])('%s', async (_, input) => {
  const { data, ...rest } = await pixelsOf(input);
  expect({ ...rest, data: Uint8Array.from(data) }).toEqual(expected);
});

test('gray and bgr', async () => {
  expect([...(await pixelsOf({ data: Uint8Array.of(1, 2), width: 2, height: 1 })).data]).toEqual([1, 1, 1, 2, 2, 2]);
  expect(await pixelsOf({ data: rgb, width: 2, height: 1, order: 'bgr' })).toMatchObject({ order: 'bgr' });
});

test('a canvas', async () => {
  const canvas = createCanvas(2, 1);
  const context = canvas.getContext('2d');
  context.fillStyle = 'rgb(10,20,30)';
  context.fillRect(0, 0, 1, 1);
  context.fillStyle = 'rgb(40,50,60)';
  context.fillRect(1, 0, 1, 1);
  expect(await pixelsOf(canvas)).toEqual(expected);
});

test('tensors of integers and floats, which are left to the caller', async () => {
  for (const [shape, dtype] of [
    [[1, 2, 3], 'int32'],
    [[1, 1, 2, 3], 'float32'],
  ] as const) {
    const tensor = tf.tensor(Array.from(rgb), [...shape], dtype);
    expect(await pixelsOf(tensor)).toEqual(expected);
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
    await expect(pixelsOf(tensor)).rejects.toThrow('it was disposed of');
  }
  const gray = tf.tensor2d([[7, 8]], undefined, 'int32');
  expect([...(await pixelsOf(gray)).data]).toEqual([7, 7, 7, 8, 8, 8]);
});

test.each([
  [
    tf.zeros([3, 8, 8]),
    'Cannot predict on a tensor [3, 8, 8] of float32: expected [height, width, 3] with values 0 to 255. Use x.transpose([1, 2, 0])',
  ],
  [tf.zeros([2, 8, 8, 3]), 'Of a batch, give the images: tf.unstack(x)'],
  [tf.fill([4, 4, 3], 0.5), 'its values are 0 to 0.5, expected 0 to 255. Use x.mul(255)'],
  [tf.fill([4, 4, 3], -1), 'expected values 0 to 255, received -1'],
  [tf.fill([4, 4, 3], Number.NaN), 'expected values 0 to 255, received NaN'],
  [{ data: new Uint8Array(5), width: 2, height: 1 }, 'received 5 values for 2 x 1'],
  [{ data: new Float32Array(6), width: 2, height: 1 }, 'in a Float32Array'],
  [{ data: [1, 2, 3], width: 1, height: 1 }, 'received 3 values for 1 x 1 in a Array'],
  [{ data: rgb, width: 2, height: 1, order: 'gbr' }, 'order: expected "rgb" or "bgr", received the string "gbr"'],
  [{ data: rgb, width: 1.5, height: 1.3333333333333333 }, 'expected a width and height of at least 1'],
  [{ data: new Uint8Array(), width: 0, height: 0 }, 'received 0 values for 0 x 0'],
  [createCanvas(0, 5), 'received'],
  [{ weights: 3 }, 'Cannot predict on an object: expected a path, an address, the bytes of a file'],
  [null, 'Cannot predict on null'],
])('no image: %#', async (input, message) => {
  await expect(pixelsOf(input)).rejects.toThrow(message);
});
