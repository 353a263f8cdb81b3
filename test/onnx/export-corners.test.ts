// Detectors of corners in ONNX Runtime: the detections of `predict`.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { CORNERS } from './corner-detectors';
import { compare, compareFile, exported, lively, SIZE, sampleOf, session } from './exported';

beforeAll(async () => void (await startEngine()));

test.each(Object.keys(CORNERS))('%s, at a fixed size and at others', async (name) => {
  const model = lively(CORNERS[name]);
  expect((await compare(model, [sampleOf(...SIZE, 1)])).count).toBeGreaterThan(4);
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  const found = await compareFile(model, file, [sampleOf(160, 96, 0), sampleOf(160, 96, 1)]);
  expect(found.count).toBeGreaterThan(2);
  model.dispose();
});

test('without NMS: the maps of both corners', async () => {
  const model = lively(CORNERS.CentripetalNet);
  const file = exported(model, { nms: false });
  await (await session(file)).release();
  expect(file.outputs).toEqual(
    ['tl', 'br'].flatMap((side) => ['scores', 'offsets', 'shifts'].map((x) => `${side}_${x}`)),
  );
  model.dispose();
});
