// YOLOv4, an eighth as wide, learns scenes of Toytown by heart: its loss falls, and it finds all that is in them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { detector, startEngine } from '../../../src';
import { bboxOverlaps } from '../../../src/geometry/boxes';
import { fewScenes, trainedConfig } from '../../web/trained';

const dir = mkdtempSync(join(tmpdir(), 'detlab-yolov4-'));
beforeAll(async () => void (await startEngine()));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('YOLOv4 learns Toytown', { timeout: 900_000 }, async () => {
  const data = await fewScenes(dir);
  const { model, history } = await detector(trainedConfig('YOLOv4', 250))
    .named('YOLOv4 <trained>')
    .classes(data.classes)
    .fit(data, { seed: 1, workers: 0, workDir: false, log: () => {} });
  expect(history.train.at(-1)!.loss).toBeLessThan(history.train[0].loss / 50);
  for (const { path, truths } of data.train.records) {
    const sure = [...(await model.predict(path))].filter(({ score }) => score > 0.3);
    const overlaps = bboxOverlaps(truths.bboxes, Float32Array.from(sure.flatMap(({ bbox }) => [...bbox])));
    for (let g = 0; g < truths.bboxes.length / 4; g++)
      expect(Math.max(0, ...overlaps.subarray(g * sure.length, (g + 1) * sure.length))).toBeGreaterThan(0.5);
  }
  model.dispose();
});
