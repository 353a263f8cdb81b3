// Class activation maps and features on the engine that is there everywhere: the map that libtorch gives.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src';
import { expectNoiseMap, noise, noiseModel } from './noise-cam';

beforeAll(async () => void (await startEngine({ engine: 'wasm' })));

test('the map of a detection on wasm, without leaks', async () => {
  const model = await noiseModel();
  await model.predict(noise);
  const tensors = tf.memory().numTensors;
  const { map } = await model.cam(noise, { layer: 'backbone.layer3' });
  await model.features(noise);
  expect(tf.memory().numTensors).toBe(tensors);
  expectNoiseMap(map.values);
  model.dispose();
});
