// A trained detector of each family ships as ONNX and as a page: the same image has the same detections in Node, ONNX Runtime and
// Chromium. (`test/lab/demo.test.ts` has one of them in every run.)

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { catalogue } from '../../src/models/catalogue';
import { browser } from '../frontends/browser';
import { bundled } from './bundled';
import { expectSameEverywhere } from './same-everywhere';
import { fewScenes, trainedConfig, trainedModel } from './trained';
import { TRAINED } from './trained-families';

const dir = mkdtempSync(join(tmpdir(), 'detlab-trained-'));
let data: LabDataset;
beforeAll(async () => {
  bundled();
  await startEngine();
  data = await fewScenes(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What all detectors of two stages have in common, and one whose proposals come with the data: a photograph has none. */
const OTHERS = ['TwoStageDetector', 'FastRCNN'];

test('every detector and every dense head is among them', () => {
  const models = Object.keys(TRAINED).map((family) => JSON.stringify(trainedConfig(family, 1).model));
  const missing = catalogue
    .filter(({ kind }) => kind === 'detector' || kind === 'dense_head')
    .filter(({ type }) => !OTHERS.includes(type) && !models.some((model) => model.includes(`"${type}"`)));
  expect(missing.map(({ type }) => type)).toEqual([]);
});

describe.skipIf(!browser)('the same image has the same detections everywhere', () => {
  test.each(Object.keys(TRAINED))(
    '%s, trained',
    async (family) => {
      const model = await trainedModel(family, data);
      await expectSameEverywhere(model, data.train.records[0], dir);
      model.dispose();
    },
    900_000,
  );
});
