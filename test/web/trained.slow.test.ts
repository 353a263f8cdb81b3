// A trained detector of each family ships as ONNX and as a page: the same image has the same detections in Node, ONNX Runtime and
// Chromium. (`test/lab/demo.test.ts` has one of them in every run.)

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { browser } from '../frontends/browser';
import { bundled } from './bundled';
import { FAMILIES } from './narrow';
import { expectSameEverywhere, fewScenes, trainedModel } from './trained';

const dir = mkdtempSync(join(tmpdir(), 'detlab-trained-'));
let data: LabDataset;
beforeAll(async () => {
  bundled();
  await startEngine();
  data = await fewScenes(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Of those that begin with low scores, or whose running means are slow. */
const LONGER: Readonly<Record<string, number>> = { YOLOX: 500, YOLOv8: 500, RTMDet: 400 };

describe.skipIf(!browser)('the same image has the same detections everywhere', () => {
  test.each(Object.keys(FAMILIES))(
    '%s, trained',
    async (family) => {
      const model = await trainedModel(family, data, LONGER[family] ?? 250);
      await expectSameEverywhere(model, data.train.records[0].path, dir);
      model.dispose();
    },
    900_000,
  );
});
