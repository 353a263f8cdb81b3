// Concatenation along channels, which the torch engine copies by rows: values, slices, gradients, precisions.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine, startEngine } from '../../../src/engine';
import { values } from '../../engine/torch/parity';

beforeAll(async () => void (await startEngine({ engine: 'torch' })));

/** The channels of each part in turn, for every pixel. */
function joined(parts: tf.Tensor[]): number[] {
  const channels = parts.map((part) => part.shape[part.rank - 1]);
  const data = parts.map((part) => part.dataSync());
  const rows = data[0].length / channels[0];
  return Array.from({ length: rows }, (_, row) =>
    data.flatMap((one, k) => Array.from(one.subarray(row * channels[k], (row + 1) * channels[k]))),
  ).flat();
}

const maps = () => [3, 20, 41].map((channels, k) => values([2, 16, 17, channels], k + 1));

describe('concat along channels', () => {
  it.each([[[0, 1]], [[0, 1, 2]], [[2, 2, 0]]])('joins maps %j', (chosen) => {
    const all = maps();
    const parts = chosen.map((k) => all[k]);
    const y = tf.concat(parts, 3);
    expect(y.shape).toEqual([2, 16, 17, chosen.reduce((sum, k) => sum + all[k].shape[3]!, 0)]);
    expect(Array.from(y.dataSync())).toEqual(joined(parts));
  });

  it('reads slices of channels, rows and columns', () => {
    const [, , x] = maps();
    const parts = [...tf.split(x, [10, 31], 3), tf.slice(x, [0, 0, 0, 5], [2, 16, 17, 20])];
    expect(Array.from(tf.concat(parts, 3).dataSync())).toEqual(joined(parts.map((part) => tf.add(part, 0))));
    const inner = [tf.slice(x, [0, 1, 2, 3], [2, 15, 15, 30]), tf.slice(x, [0, 0, 1, 0], [2, 15, 15, 41])];
    expect(Array.from(tf.concat(inner, 3).dataSync())).toEqual(joined(inner.map((part) => tf.add(part, 0))));
    const strided = [tf.stridedSlice(x, [0, 0, 0, 0], [2, 16, 17, 41], [1, 1, 1, 2]), x];
    expect(Array.from(tf.concat(strided, 3).dataSync())).toEqual(joined(strided.map((part) => tf.add(part, 0))));
  });

  it('differentiates each part by its share of the gradient', () => {
    const parts = maps();
    const weights = values([2, 16, 17, 64], 9);
    const grads = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(tf.square(tf.concat(xs, 3)), weights)))(parts);
    const shares = tf.split(weights, [3, 20, 41], 3);
    for (const [k, part] of parts.entries()) {
      const expected = tf.mul(tf.mul(part, 2), shares[k]).dataSync();
      expect(Array.from(grads[k].dataSync())).toEqual(Array.from(expected));
    }
  });

  it('keeps bfloat16, and float32 where one part has it', () => {
    const [a, b] = maps().map((x) => tf.relu(x));
    const result = engine().autocast('bfloat16', () => {
      const filter = tf.fill([1, 1, 3, 20], 0.5);
      const low = tf.conv2d(a as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
      return { low, both: tf.concat([low, low], 3), mixed: tf.concat([low, b], 3) };
    });
    expect(Array.from(result.both.dataSync())).toEqual(joined([result.low, result.low]));
    expect(Array.from(result.mixed.dataSync())).toEqual(joined([result.low, b]));
  });

  it('joins tensors without elements, and along other axes', () => {
    const x = values([64, 300], 1);
    expect(tf.concat([x, tf.zeros([64, 0])], 1).shape).toEqual([64, 300]);
    expect(Array.from(tf.concat([x, x], 0).dataSync())).toEqual([...x.dataSync(), ...x.dataSync()]);
  });
});
