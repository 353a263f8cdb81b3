// Feature maps shown are those that the model computes, of backbone, neck and any other layer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareFeatures, type Model, type PixelImage, startEngine } from '../../src';
import { testSample } from '../../src/lab/test-sample';
import { Random } from '../../src/random';
import { small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-features-'));
let model: Model;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  model = await small().classes(['car', 'person']).build({ seed: 1 });
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

const random = Random.seeded(4);
const image: PixelImage = {
  data: Uint8Array.from({ length: 64 * 96 * 3 }, () => random.integer(256)),
  width: 96,
  height: 64,
  order: 'rgb',
};

test('backbone and neck, level by level', async () => {
  await model.predict(image);
  const tensors = tf.memory().numTensors;
  const shown = await model.features(image);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(shown.levels.map(({ layer, stride }) => `${layer} ${stride[0]}`)).toEqual([
    ...[4, 8, 16, 32].map((stride) => `backbone ${stride}`),
    ...[4, 8, 16, 32, 64].map((stride) => `neck ${stride}`),
  ]);
  const batch = model.detector.preprocess([await testSample(image, model.config, 'noise')]);
  const expected: Float32Array[] = [];
  tf.tidy(() => {
    for (const level of model.detector.extractFeatures(batch.inputs))
      expected.push(level.dataSync<'float32'>().slice());
  });
  batch.inputs.dispose();
  expect(shown.levels.slice(4).map(({ values }) => values)).toEqual(expected);
  for (const file of ['f.png', 'f.svg', 'f.html', 'f.csv', 'f.json']) await shown.save(join(folder, file));
});

test('any layer by path: a stage is its last block; channels by number', async () => {
  const stage = await model.features(image, { at: ['backbone.layer2'], show: [0, 3] });
  const block = await model.features(image, { at: ['backbone.layer2.1'] });
  expect(stage.levels[0].values).toEqual(block.levels[0].values);
  expect(stage.levels[0].layer).toBe('backbone.layer2');
});

test('what cannot be shown is said with what can', async () => {
  const show = (options: object) => model.features(image, options);
  await expect(show({ at: ['nek'] })).rejects.toThrow(
    'Did you mean "neck"? The model has backbone, neck, rpn_head, roi_head',
  );
  await expect(show({ at: [] })).rejects.toThrow(
    "at: expected at least one, such as at: ['neck'], received a list of 0",
  );
  await expect(show({ at: ['neck'], show: [99] })).rejects.toThrow(
    'Cannot show channel 99 of "neck": expected 0 to 15',
  );
  await expect(show({ show: 'sum' })).rejects.toThrow("show: expected 'mean' | 'max' | list of int >= 0");
  await expect(show({ at: ['neck.lateral_convs'] })).rejects.toThrow(
    'it is not run by itself, but as a part of "neck"',
  );
});

test('two necks on one image', async () => {
  const other = await small().classes(['car', 'person']).neck('PAFPN').build({ seed: 1 });
  const shown = await compareFeatures({ FPN: model, PAFPN: other }, image);
  expect(shown.levels).toHaveLength(10);
  expect(String(shown)).toMatch(/PAFPN +\d .* -?[01]\.\d{3}/);
  const same = await compareFeatures({ a: model, b: model }, image, { show: 'max' });
  expect(String(same)).toMatch(/b +\d .* 1\.000/);
  await expect(compareFeatures({ a: model }, image)).rejects.toThrow('expected two models or more by name');
  other.dispose();
});
