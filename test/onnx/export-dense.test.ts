// Detectors of one stage in ONNX Runtime: the detections of `predict`.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import type { Detector } from '../../src/models/types';
import type { OnnxFile } from '../../src/onnx/export-detector';
import { DENSE } from './dense-detectors';
import { compare, compareFile, exported, feeds, lively, SIZE, sampleOf, session } from './exported';

beforeAll(async () => void (await startEngine()));

test.each(Object.keys(DENSE))('%s', async (name) => {
  const model = lively(DENSE[name]);
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  expect(found.count).toBeGreaterThan(4);
  model.dispose();
});

test.each(Object.keys(DENSE))('%s at sizes and batches that change', async (name) => {
  const model = lively(DENSE[name]);
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const [height, width, count] of [
    [160, 96, 2],
    [192, 320, 1],
  ]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    expect(found.count).toBeGreaterThan(2);
  }
  model.dispose();
});

/** Largest difference of two tables. */
async function gap(one: OnnxFile, other: OnnxFile, model: Detector, name: string): Promise<number> {
  const tables = await Promise.all(
    [one, other].map(async (file) => {
      const running = await session(file);
      const results = await running.run(feeds(model, [sampleOf(...SIZE, 1)], file.inputs));
      await running.release();
      return results[name].data as Float32Array;
    }),
  );
  return tables[0].reduce((most, v, i) => Math.max(most, Math.abs(v - tables[1][i])), 0);
}

test.each(Object.keys(DENSE))('%s in half precision', async (name) => {
  const model = lively(DENSE[name]);
  const whole = exported(model, { nms: false });
  const half = exported(model, { nms: false, precision: 'float16' });
  expect(half.bytes.length).toBeLessThan(0.7 * whole.bytes.length);
  const [boxes, scores] = [await gap(whole, half, model, 'boxes'), await gap(whole, half, model, 'scores')];
  expect(boxes).toBeLessThan(1);
  expect(scores).toBeLessThan(1e-2);
  model.dispose();
});
