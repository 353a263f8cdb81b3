// Detectors of the DETR family in ONNX Runtime: the detections of `predict`, padding included.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { compare, compareFile, exported, lively, SIZE, sampleOf } from './exported';
import { QUERIES } from './query-detectors';

beforeAll(async () => void (await startEngine()));

test.each(Object.keys(QUERIES))('%s', async (name) => {
  const model = lively(QUERIES[name]);
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  if (process.env.ONNX_REPORT) console.log(name, JSON.stringify(found));
  expect(found.count).toBe(10);
  model.dispose();
});

test.each(Object.keys(QUERIES))('%s at sizes and batches that change, with padding', async (name) => {
  const model = lively(QUERIES[name]);
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const sizes of [
    [
      [160, 96],
      [128, 90],
    ],
    [[192, 320]],
  ]) {
    const samples = sizes.map(([height, width], i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    if (process.env.ONNX_REPORT) console.log(name, 'dynamic', JSON.stringify(found));
    expect(found.count).toBe(10);
  }
  model.dispose();
});
