// Detectors of the DETR family in ONNX Runtime: the detections of `predict`, padding included.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { compare, compareFile, exported, feeds, lively, SIZE, sampleOf, session } from './exported';
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

test.each(Object.keys(QUERIES))('%s in half precision', async (name) => {
  // with seed 2 two proposals of DINO have scores 2.5e-4 apart, which a backbone in half precision ranks the other way round
  const model = lively(QUERIES[name], 3);
  const [whole, half] = await Promise.all(
    (['float32', 'float16'] as const).map(async (precision) => {
      const file = exported(model, { nms: false, precision });
      const running = await session(file);
      const { boxes, scores } = await running.run(feeds(model, [sampleOf(...SIZE, 1)], file.inputs));
      await running.release();
      return { boxes: boxes.data as Float32Array, scores: scores.data as Float32Array };
    }),
  );
  const gap = (key: 'boxes' | 'scores') =>
    whole[key].reduce((most, v, i) => Math.max(most, Math.abs(v - half[key][i])), 0);
  expect(gap('boxes')).toBeLessThan(0.5);
  expect(gap('scores')).toBeLessThan(1e-2);
  model.dispose();
});
