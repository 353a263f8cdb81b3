import { beforeAll, test } from 'vitest';
import { startEngine } from '../../../src';
import { expectNoiseMap, noise, noiseModel } from './noise-cam';

beforeAll(async () => void (await startEngine({ engine: 'torch', threads: 1 })));

test('the map of a detection on libtorch', async () => {
  const model = await noiseModel();
  expectNoiseMap((await model.cam(noise, { layer: 'backbone.layer3' })).map.values);
  model.dispose();
});
