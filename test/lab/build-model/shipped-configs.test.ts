// A sample of the shipped models that has every detector, neck and head: parameters start as the reference's, and the model
// predicts and trains one step. `npm run test:slow` has all of them.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src';
import { catalogue } from '../../../src/lab/catalogue';
import { buildDetector } from '../../../src/models/build';
import { expectTrainable, imageSize, narrowed, ofScratch, sampleOfParts, shippedModels } from './shipped-configs';
import { expectReferenceStart, hasReferenceStart } from './shipped-starts';

const models = sampleOfParts(shippedModels());
beforeAll(() => startEngine({ threads: 1 }));

// those that need larger images take long
const small = models.filter(({ config }) => imageSize(config) <= 96);
test.each(small)('$name trains', ({ config }) => expectTrainable(narrowed(config)));

// those of more values take long to draw
const LARGEST = 40_000;
test.each(models.filter(({ name }) => hasReferenceStart(name)))('$name starts', ({ name, config }) => {
  const network = buildDetector(ofScratch(config) as { type: string }, { registry: catalogue });
  try {
    expectReferenceStart(name, network, LARGEST);
  } finally {
    network.dispose();
  }
});

test('the comparison finds a wrong start', () => {
  const { name, config } = models.find(({ name: known }) => hasReferenceStart(known))!;
  const network = buildDetector(ofScratch(config) as { type: string }, { registry: catalogue });
  for (const [, parameter] of network.named())
    parameter.initializer = (shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  expect(() => expectReferenceStart(name, network, 500)).toThrow(/mean 0.5, reference 0/);
  network.dispose();
});
