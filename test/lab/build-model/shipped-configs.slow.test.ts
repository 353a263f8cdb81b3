// Every config of configs/ builds, starts as the reference's model, predicts and trains one step.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src';
import { listConfigs } from '../../../src/config';
import { expectTrainable, shippedModels } from './shipped-configs';
import { expectReferenceStart, hasReferenceStart } from './shipped-starts';

const models = shippedModels();
beforeAll(() => startEngine({ threads: 1 }));

test('every config has a model, except those of test-time augmentation', () => {
  const known = new Set(models.flatMap(({ names }) => names));
  expect([...listConfigs().keys()].filter((name) => !known.has(name) && !/_tta$/.test(name))).toEqual([]);
});

// the largest models take minutes where others use the cores too
test.each(models)('$name', { timeout: 900_000 }, ({ name, config }) =>
  expectTrainable(config, (network) => {
    if (hasReferenceStart(name)) expectReferenceStart(name, network);
  }),
);
