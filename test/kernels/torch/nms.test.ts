// Suppression by the torch engine.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { Random } from '../../../src/random';
import { runKernel, values } from '../../engine/torch/parity';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

describe('DetNMS', () => {
  it('keeps the better box, the first of equals, and every box on its own', () => {
    const boxes = tf.tensor2d([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [50, 50, 60, 60]]); // biome-ignore format: one line
    const keep = (scores: number[], iouThreshold: number) =>
      Array.from(
        runKernel<tf.Tensor>('DetNMS', { boxes, scores: tf.tensor1d(scores) }, { iouThreshold, offset: 0 }).dataSync(),
      );
    expect(keep([0.5, 0.9, 0.5, 0.1], 0.5)).toEqual([1, 3]);
    expect(keep([0.5, 0.5, 0.5, 0.5], 0.9)).toEqual([0, 1, 3]);
    expect(keep([0.1, 0.2, 0.3, 0.4], 1)).toEqual([3, 2, 1, 0]);
  });
  it('suppresses strictly above the threshold', () => {
    const boxes = tf.tensor2d([
      [0, 0, 2, 1],
      [0, 0, 1, 1],
    ]); // IoU exactly 0.5
    const kept = runKernel<tf.Tensor>(
      'DetNMS',
      { boxes, scores: tf.tensor1d([1, 0.5]) },
      { iouThreshold: 0.5, offset: 0 },
    );
    expect(Array.from(kept.dataSync())).toEqual([0, 1]);
  });
  it('takes no boxes and refuses wrong shapes', () => {
    const none = runKernel<tf.Tensor>(
      'DetNMS',
      { boxes: tf.zeros([0, 4]), scores: tf.zeros([0]) },
      { iouThreshold: 0.5, offset: 0 },
    );
    expect(none.shape).toEqual([0]);
    expect(() =>
      runKernel('DetNMS', { boxes: tf.zeros([2, 5]), scores: tf.zeros([2]) }, { iouThreshold: 0.5, offset: 0 }),
    ).toThrow(/boxes must be/);
  });
  it.each([
    [0.05, 0],
    [0.5, 0],
    [0.5, 1],
    [0.9, 1],
  ])(
    'finds boxes near each other among many as it does by comparing all: IoU %s, offset %s',
    (iouThreshold, offset) => {
      const random = Random.seeded(9);
      const count = 6000;
      const boxes: number[][] = [];
      for (let i = 0; i < count; i++) {
        const [w, h] = [0, 1].map(() => (random.uniform() < 0.02 ? 0 : 2 ** random.uniform(-3, 9)));
        const [x, y] = [random.uniform(-300, 700), random.uniform(-300, 700)];
        boxes.push(i % 3 === 2 ? boxes[i - 1].map((v) => v + random.uniform(-0.05, 0.05) * h) : [x, y, x + w, y + h]);
      }
      const tidy = boxes.map(([x1, y1, x2, y2]) => [x1, y1, Math.max(x1, x2), Math.max(y1, y2)]);
      const scores = tidy.map(() => Math.round(random.uniform() * 1000) / 1000);
      const kept = (more: number[][]) =>
        Array.from(
          runKernel<tf.Tensor>(
            'DetNMS',
            { boxes: tf.tensor2d([...tidy, ...more]), scores: tf.tensor1d([...scores, ...more.map(() => -1)]) },
            { iouThreshold, offset },
          ).dataSync(),
        );
      // a box without a finite place: all are compared
      const all = kept([[Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY, 1]]);
      expect(all.at(-1)).toBe(count);
      expect(kept([])).toEqual(all.slice(0, -1));
      expect(all.length).toBeLessThan(count);
    },
  );
  it('does ten thousand boxes in well under a second', () => {
    const corners = tf.mul(tf.add(values([10000, 2], 1), 1), 400);
    const boxes = tf.concat([corners, tf.add(corners, tf.mul(tf.add(values([10000, 2], 2), 1.1), 20))], 1);
    const scores = values([10000], 3);
    scores.dataSync();
    const before = process.cpuUsage();
    runKernel<tf.Tensor>('DetNMS', { boxes, scores }, { iouThreshold: 0.7, offset: 0 }).dataSync();
    // time of the processor, which others that use it do not lengthen
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(2000);
  });
});
