// Detectors of one stage with masks in ONNX Runtime: the detections and masks of `predict`, read as the file says.

import { beforeAll, expect, test } from 'vitest';
import type { Detections } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { CondInstBboxHead } from '../../../src/models/dense-heads/condinst-bbox-head';
import type { SingleStageInstanceSegmentor } from '../../../src/models/detectors/single-stage-instance-segmentor';
import { CondInstMaskHead } from '../../../src/models/mask-heads/condinst-mask-head';
import type { Detector, FoundInstances } from '../../../src/models/types';
import { sampled } from '../../slow-cases';
import { compare, compareFile, exported, lively, SIZE, sampleOf } from '../exported';
import { dynamic, MASKED, masking } from '../masked-detectors';

beforeAll(async () => void (await startEngine()));

/** Of the pixels of a mask. */
const EQUAL = 1e-3;

test.each(Object.keys(MASKED))('%s', async (name) => {
  const model = masking(MASKED[name], sampleOf(...SIZE, 1));
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  if (process.env.ONNX_REPORT) console.log(name, found);
  expect(found.count).toBeGreaterThan(4);
  expect(found.shaped).toBeGreaterThan(4);
  expect(found.mask).toBeLessThan(EQUAL);
  model.dispose();
});

test.each(sampled(Object.keys(MASKED), 2))('%s at sizes and batches that change', async (name) => {
  const model = masking(MASKED[name], sampleOf(...SIZE, 1));
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const [height, width, count] of [
    [160, 96, 2],
    [192, 160, 1],
  ]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    if (process.env.ONNX_REPORT) console.log(name, 'dynamic', found);
    expect(found.count).toBeGreaterThan(2);
    expect(found.shaped).toBeGreaterThan(1);
    expect(found.mask).toBeLessThan(EQUAL);
  }
  model.dispose();
});

test('an image without detections, and others beside it', async () => {
  const model = lively({ ...MASKED.CondInst, test_cfg: { ...(MASKED.CondInst.test_cfg as object), score_thr: 0.999 } });
  const found = await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)]);
  expect(found.count).toBe(0);
  model.dispose();
});

test('masks that are enlarged by a whole factor of their stride', async () => {
  const config = dynamic('CondInst', 8);
  Object.assign(config.mask_head as object, { mask_out_stride: 2 });
  const model = masking(config, sampleOf(...SIZE, 1));
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  expect(found.shaped).toBeGreaterThan(4);
  expect(found.mask).toBeLessThan(EQUAL);
  model.dispose();
});

test('half precision has almost the masks of single precision', async () => {
  const model = masking(MASKED.BoxInst, sampleOf(...SIZE, 1));
  const file = exported(model, { precision: 'float16' });
  expect(file.bytes.length).toBeLessThan(0.7 * exported(model).bytes.length);
  const found = await compareFile(model, file, [sampleOf(...SIZE, 1)], { box: 0.5, score: 1e-2 });
  expect(found.mask).toBeLessThan(0.1);
  model.dispose();
});

test('without NMS masks have no form', () => {
  const model = lively(MASKED['RTMDet with masks']);
  expect(() => exported(model, { nms: false })).toThrow(/its masks are those of selected detections/);
  model.dispose();
});

test('a head that finds or masks instances another way is refused by name', () => {
  const model = lively(MASKED.CondInst) as SingleStageInstanceSegmentor & Detector;
  class Finder extends CondInstBboxHead {
    override predictInstances(): FoundInstances {
      return { detections: [], instances: [] };
    }
  }
  const { bboxHead, maskHead } = model;
  const own = Object.getPrototypeOf(bboxHead);
  Object.setPrototypeOf(bboxHead, Finder.prototype);
  expect(() => exported(model)).toThrow(/Finder has a predictInstances of its own.*Override decodedCandidates too/);
  Object.setPrototypeOf(bboxHead, own);
  class Masker extends CondInstMaskHead {
    override predict(): Detections[] {
      return [];
    }
  }
  Object.setPrototypeOf(maskHead, Masker.prototype);
  expect(() => exported(model)).toThrow(/Masker has a predict of its own.*Override parts too/);
  model.dispose();
});
