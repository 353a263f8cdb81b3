// Suppression by the torch engine.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
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
