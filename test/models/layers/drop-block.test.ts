// DropBlock: what it drops, and what it keeps of the mean.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { DropBlock } from '../../../src/models/layers/drop-block';
import { withStepRandom } from '../../../src/nn/step-random';
import { Random } from '../../../src/random';
import { nchw } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

describe('DropBlock', () => {
  const options = { type: 'DropBlock', drop_prob: 0.3, block_size: 3, warmup_iters: 0 } as const;

  test('drops whole squares, a share of about drop_prob, and keeps the sum', () => {
    const layer = new DropBlock(options).train();
    const before = tf.memory().numTensors;
    let values: Float32Array = new Float32Array();
    withStepRandom(Random.seeded(3), () => {
      tf.tidy(() => {
        values = nchw(layer.forward(tf.ones([1, 64, 64, 8])));
      });
    });
    expect(tf.memory().numTensors).toBe(before);
    const dropped = values.filter((v) => v === 0).length / values.length;
    expect(dropped).toBeGreaterThan(0.2);
    expect(dropped).toBeLessThan(0.32);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(mean).toBeCloseTo(1, 4);
    // every zero lies in a 3x3 square of zeros
    const zero = (c: number, y: number, x: number) => values[(c * 64 + y) * 64 + x] === 0;
    const square = (c: number, y: number, x: number) =>
      y >= 0 && x >= 0 && y < 62 && x < 62 && [0, 1, 2].every((i) => [0, 1, 2].every((j) => zero(c, y + i, x + j)));
    for (let i = 0; i < values.length; i++) {
      const [c, y, x] = [Math.floor(i / 4096), Math.floor(i / 64) % 64, i % 64];
      if (!zero(c, y, x)) continue;
      expect([0, 1, 2].some((dy) => [0, 1, 2].some((dx) => square(c, y - dy, x - dx)))).toBe(true);
    }
  });

  test('its probability: the formula of the reference, rising over the warm-up', () => {
    const layer = new DropBlock({ ...options, warmup_iters: 4 }).train();
    tf.tidy(() => layer.forward(tf.zeros([1, 8, 10, 1])));
    const whole = (0.3 * 8 * 10) / (6 * 8) / 9;
    expect(layer.gamma([8, 10])).toBeCloseTo(whole / 4, 12);
    for (let i = 0; i < 4; i++) tf.tidy(() => layer.forward(tf.zeros([1, 8, 10, 1])));
    expect(layer.gamma([8, 10])).toBeCloseTo(whole, 12);
    expect(tf.tidy(() => layer.forward(tf.ones([1, 2, 2, 1])).dataSync())).toEqual(Float32Array.of(1, 1, 1, 1));
  });
});
