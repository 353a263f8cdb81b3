// Running statistics: in place on the torch engine, by operations elsewhere.

import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { trackByOperations, trackStatistics } from '../../src/engine/track-statistics';

test('tracks running statistics as torch.nn.BatchNorm2d and as operations do', async () => {
  await startEngine({ engine: 'torch' });
  const start = () => ({
    mean: tf.variable(tf.tensor1d([1, -2])),
    variance: tf.variable(tf.tensor1d([4, 0.5])),
    batches: tf.variable(tf.scalar(3, 'int32')),
  });
  const [inPlace, byOperations] = [start(), start()];
  const shared = inPlace.mean.clone();
  const batch = { mean: tf.tensor1d([5, 2]), variance: tf.tensor1d([1, 3]), count: 5 };
  trackStatistics(inPlace, batch, 0.1);
  trackByOperations(byOperations, batch, 0.1);
  for (const { mean, variance, batches } of [inPlace, byOperations]) {
    for (const [k, value] of [1.4, -1.6].entries()) expect(mean.dataSync()[k]).toBeCloseTo(value, 6);
    for (const [k, value] of [3.725, 0.825].entries()) expect(variance.dataSync()[k]).toBeCloseTo(value, 6);
    expect(batches.dataSync()[0]).toBe(4);
  }
  expect(Array.from(shared.dataSync())).toEqual([1, -2]);
  const other = { ...batch, mean: tf.zeros([3]) };
  expect(() => trackStatistics(inPlace, other, 0.1)).toThrow(/3 channels for running ones of 2/);
  tf.dispose([inPlace, byOperations, shared, batch, other] as never);
});
