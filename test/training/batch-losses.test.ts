// The losses of a batch for a validation loss: training's numbers, and nothing of the model changed.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { Random } from '../../src/random';
import { batchLosses } from '../../src/training/batch-losses';
import { pass } from '../../src/training/gradients';
import { tinyDetector, tinyLoader, weightsOf } from './tiny-detector';

beforeAll(async () => void (await startEngine()));

test('are those of a training step, and leave buffers and tensors as they were', async () => {
  const detector = tinyDetector();
  const context = () => ({ random: Random.seeded(5), epoch: 0, iteration: 0 });
  const { value: samples } = await tinyLoader().epoch(0, { start: 0 })[Symbol.asyncIterator]().next();
  detector.train();
  const batch = detector.preprocess(samples);
  const variables = detector.trainable().map(([, parameter]) => parameter.variable);
  const [weights, tensors] = [weightsOf(detector), tf.memory().numTensors];
  const losses = batchLosses(detector, batch, context());
  expect(batchLosses(detector, batch, context())).toEqual(losses);
  expect(weightsOf(detector)).toEqual(weights);
  expect(tf.memory().numTensors).toBe(tensors);
  const { scalars, gradients } = pass(detector, batch, variables, context());
  expect(losses).toEqual(scalars);
  // the step of training moves the running mean, which the losses above did not
  expect(weightsOf(detector)).not.toEqual(weights);
  for (const gradient of gradients) gradient?.dispose();
  batch.inputs.dispose();
  detector.dispose();
});
