// Every config of configs/ builds, starts as the reference's model, predicts and trains one step.

import { beforeAll, expect, test } from 'vitest';
import { detector, startEngine } from '../../../src';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { listConfigs } from '../../../src/config';
import sizes from '../../../src/lab/config-table/model-sizes.json';
import { expectTrainable, ofScratch, type ShippedModel, shippedModels, TRAINED_ELSEWHERE } from './shipped-configs';
import { expectReferenceStart, hasReferenceStart } from './shipped-starts';

const models = shippedModels();
beforeAll(() => startEngine({ threads: 1 }));

test('every config has a model, except those of test-time augmentation', () => {
  const known = new Set(models.flatMap(({ names }) => names));
  expect([...listConfigs().keys()].filter((name) => !known.has(name) && !/_tta$/.test(name))).toEqual([]);
});

// the largest models take minutes where others use the cores too
const isTrainedHere = ({ config }: ShippedModel) => !TRAINED_ELSEWHERE.includes((config.model as ModuleConfig).type);
test.each(models.filter((shipped) => !isTrainedHere(shipped)))('$name is built', async ({ name, config }) => {
  const model = await detector({ ...config, load_from: null, model: ofScratch(config) }).build();
  expect(model.detector.parameterCount()).toBe((sizes as Record<string, number[]>)[name][2]);
  model.dispose();
});

test.each(models.filter(isTrainedHere))('$name', { timeout: 900_000 }, ({ name, config }) =>
  expectTrainable(config, (network) => {
    if (hasReferenceStart(name)) expectReferenceStart(name, network);
  }),
);
