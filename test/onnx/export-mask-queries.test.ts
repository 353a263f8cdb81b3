// MaskFormer and Mask2Former in ONNX Runtime: the detections, masks and segments of `predict`, read as the file says.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { sampled } from '../slow-cases';
import { compare, compareFile, data_preprocessor, exported, feeds, lively, SIZE, sampleOf, session } from './exported';
import { MASK_QUERIES, querying } from './mask-query-detectors';

beforeAll(async () => void (await startEngine()));

/** Of the pixels of a mask. */
const EQUAL = 2e-3;
const hasSegments = (name: string) => (MASK_QUERIES[name].test_cfg as { panoptic_on?: boolean }).panoptic_on !== false;

test.each(Object.keys(MASK_QUERIES))('%s', async (name) => {
  const model = querying(MASK_QUERIES[name], sampleOf(...SIZE, 1));
  const found = await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)]);
  if (process.env.ONNX_REPORT) console.log(name, found);
  expect(found.count).toBeGreaterThan(1);
  expect(found.shaped).toBeGreaterThan(0);
  expect(found.segments).toBeGreaterThan(hasSegments(name) ? 2 : -1);
  expect(found.mask).toBeLessThan(EQUAL);
  model.dispose();
});

test.each(sampled(Object.keys(MASK_QUERIES), 2))('%s at sizes and batches that change', async (name) => {
  const model = querying(MASK_QUERIES[name], sampleOf(160, 96, 0));
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const [height, width, count] of [
    [160, 96, 2],
    [192, 160, 1],
  ]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    if (process.env.ONNX_REPORT) console.log(name, 'dynamic', found);
    expect(found.count + found.segments).toBeGreaterThan(0);
    expect(found.mask).toBeLessThan(EQUAL);
  }
  model.dispose();
});

test.each(['MaskFormer with an encoder', 'Mask2Former with segments'])(
  'an image with padding has masks and segments without it: %s',
  async (name) => {
    const model = querying(
      { ...MASK_QUERIES[name], data_preprocessor: { ...data_preprocessor, pad_size_divisor: 32 } },
      sampleOf(75, 118, 1),
    );
    const found = await compare(model, [sampleOf(75, 118, 1), sampleOf(75, 118, 2)]);
    if (process.env.ONNX_REPORT) console.log('padded', found);
    expect(found.segments).toBeGreaterThan(1);
    expect(found.mask).toBeLessThan(EQUAL);
    model.dispose();
  },
);

test('an image without segments', async () => {
  const config = MASK_QUERIES['MaskFormer with an encoder'];
  const model = querying({ ...config, test_cfg: { object_mask_thr: 0.9999 } }, sampleOf(...SIZE, 1));
  const found = await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)]);
  expect([found.count, found.segments]).toEqual([0, 0]);
  model.dispose();
});

test('without NMS there are the classes and masks of all queries', async () => {
  const model = lively(MASK_QUERIES.Mask2Former);
  const samples = [sampleOf(...SIZE, 1)];
  const file = exported(model, { nms: false });
  expect(file.outputs).toEqual(['scores', 'masks']);
  const running = await session(file);
  const { scores, masks } = await running.run(feeds(model, samples, file.inputs));
  await running.release();
  expect(scores.dims).toEqual([1, 24, 4]);
  expect(masks.dims).toEqual([1, 24, SIZE[0] / 4, SIZE[1] / 4]);
  const sums = Array.from({ length: 24 }, (_, q) =>
    (scores.data as Float32Array).subarray(4 * q, 4 * q + 4).reduce((sum, v) => sum + v, 0),
  );
  for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
  model.dispose();
});

test('half precision has almost the scores of single precision', async () => {
  const model = querying(MASK_QUERIES['MaskFormer with an encoder'], sampleOf(...SIZE, 1));
  const file = exported(model, { precision: 'float16' });
  expect(file.bytes.length).toBeLessThan(0.8 * exported(model).bytes.length);
  const running = await session(file);
  const { segment_scores } = await running.run(feeds(model, [sampleOf(...SIZE, 1)], file.inputs));
  await running.release();
  const whole = await session(exported(model));
  const expected = await whole.run(feeds(model, [sampleOf(...SIZE, 1)], file.inputs));
  await whole.release();
  const values = segment_scores.data as Float32Array;
  expect(values.length).toBe(expected.segment_scores.data.length);
  for (const [k, value] of values.entries())
    expect(Math.abs(value - (expected.segment_scores.data as Float32Array)[k])).toBeLessThan(2e-2);
  model.dispose();
});

test('settings by which nothing is predicted are refused', () => {
  const model = lively({ ...MASK_QUERIES.MaskFormer, test_cfg: { panoptic_on: false } });
  expect(() => exported(model)).toThrow(/neither instances nor segments. Set instance_on or panoptic_on/);
  model.dispose();
});
