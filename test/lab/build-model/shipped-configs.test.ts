// A sample of the shipped models, of every other detector: quick ones predict and train one step, and parameters start as the
// reference's. `npm run test:slow` has all of them.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src';
import { catalogue } from '../../../src/lab/catalogue';
import { buildDetector } from '../../../src/models/build';
import { sampled } from '../../slow-cases';
import { expectTrainable, isQuick, narrowed, ofScratch, oneOfEachDetector, shippedModels } from './shipped-configs';
import { expectReferenceStart, hasReferenceStart } from './shipped-starts';

const models = shippedModels();
beforeAll(() => startEngine({ threads: 1 }));

test.each(sampled(oneOfEachDetector(models.filter(isQuick)), 2))('$name trains', ({ config }) =>
  expectTrainable(narrowed(config)),
);

// those of more values take long to draw
const LARGEST = 40_000;
const known = oneOfEachDetector(models.filter(({ name }) => hasReferenceStart(name)));
test.each(sampled(known, 3))('$name starts', ({ name, config }) => {
  const network = buildDetector(ofScratch(config) as { type: string }, { registry: catalogue });
  try {
    expectReferenceStart(name, network, LARGEST);
  } finally {
    network.dispose();
  }
});

test('the comparison finds a wrong start', () => {
  const [{ name, config }] = known;
  const network = buildDetector(ofScratch(config) as { type: string }, { registry: catalogue });
  for (const [, parameter] of network.named())
    parameter.initializer = (shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  expect(() => expectReferenceStart(name, network, 500)).toThrow(/mean 0.5, reference 0/);
  network.dispose();
});
