// SOLO in ONNX Runtime: the detections and masks of `predict`, read as the file says.

import { beforeAll, expect, test } from 'vitest';
import type { Detections } from '../../src/data/types';
import { startEngine } from '../../src/engine';
import type { SingleStageInstanceSegmentor } from '../../src/models/detectors/single-stage-instance-segmentor';
import { SOLOHead } from '../../src/models/mask-heads/solo-head';
import type { Detector } from '../../src/models/types';
import { sampled } from '../slow-cases';
import { compare, compareFile, data_preprocessor, exported, lively, SIZE, sampleOf } from './exported';
import { GRIDS } from './grid-detectors';

beforeAll(async () => void (await startEngine()));

/** Of the pixels of a mask. */
const EQUAL = 1e-3;

test.each(Object.keys(GRIDS))('%s', async (name) => {
  const model = lively(GRIDS[name]);
  const found = await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)]);
  if (process.env.ONNX_REPORT) console.log(name, found);
  expect(found.count).toBeGreaterThan(4);
  expect(found.shaped).toBeGreaterThan(4);
  expect(found.mask).toBeLessThan(EQUAL);
  model.dispose();
});

test.each(sampled(Object.keys(GRIDS), 2))('%s at sizes and batches that change', async (name) => {
  const model = lively(GRIDS[name]);
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const [height, width, count] of [
    [160, 96, 2],
    [192, 160, 1],
  ]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    if (process.env.ONNX_REPORT) console.log(name, 'dynamic', found);
    expect(found.shaped).toBeGreaterThan(2);
    expect(found.mask).toBeLessThan(EQUAL);
  }
  model.dispose();
});

test('an image with padding has masks and boxes without it', async () => {
  const model = lively({ ...GRIDS.SOLOv2, data_preprocessor: { ...data_preprocessor, pad_size_divisor: 32 } });
  const found = await compare(model, [sampleOf(75, 118, 1), sampleOf(75, 118, 2)]);
  if (process.env.ONNX_REPORT) console.log('padded', found);
  expect(found.shaped).toBeGreaterThan(2);
  expect(found.mask).toBeLessThan(EQUAL);
  model.dispose();
});

test('the file says that boxes are around masks', () => {
  const model = lively(GRIDS.SOLOv2);
  const text = Buffer.from(exported(model).bytes).toString('latin1');
  expect(text).toContain(
    'best first; around the pixels of the masks in the input: where these are resized further, take',
  );
  model.dispose();
});

test('an image without detections', async () => {
  const model = lively({ ...GRIDS.SOLOv2, test_cfg: { score_thr: 0.9999 } });
  const found = await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)]);
  expect(found.count).toBe(0);
  model.dispose();
});

test('half precision has almost the masks of single precision', async () => {
  const model = lively(GRIDS.SOLOv2);
  const file = exported(model, { precision: 'float16' });
  expect(file.bytes.length).toBeLessThan(0.7 * exported(model).bytes.length);
  const found = await compareFile(model, file, [sampleOf(...SIZE, 1)], { box: 4, score: 2e-2 });
  expect(found.mask).toBeLessThan(0.1);
  model.dispose();
});

test('without NMS, and at sizes of which masks leave out pixels, there is no form', () => {
  const model = lively(GRIDS.SOLO);
  expect(() => exported(model, { nms: false })).toThrow(/its detections are made of masks. Leave nms out/);
  expect(() => exported(model, { size: [100, 128] })).toThrow(/its masks are .* Use sizes that are multiples of 32/);
  model.dispose();
});

test('a head that selects another way is refused by name', () => {
  const model = lively(GRIDS['SOLO, one branch']) as SingleStageInstanceSegmentor & Detector;
  class Finder extends SOLOHead {
    override predict(): Detections[] {
      return [];
    }
  }
  Object.setPrototypeOf(model.maskHead, Finder.prototype);
  expect(() => exported(model)).toThrow(/Finder has a predict of its own.*Override gridTensors too/);
  model.dispose();
});
