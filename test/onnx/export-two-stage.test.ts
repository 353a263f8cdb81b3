// Detectors of two stages in ONNX Runtime: the detections and masks of `predict`.

import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import type { BaseReID } from '../../src/models/reid/base-reid';
import type { Detector } from '../../src/models/types';
import { sampled, slowCases } from '../slow-cases';
import { REID } from './embeddings';
import { compare, compareFile, data_preprocessor, exported, feeds, lively, SIZE, sampleOf, session } from './exported';
import { layered, PANOPTIC } from './panoptic-detectors';
import { REFUSED } from './refused-detectors';
import { FAST_RCNN, TWO_STAGE } from './two-stage-detectors';

beforeAll(async () => void (await startEngine()));

test.each(sampled(Object.keys(TWO_STAGE), 2))('%s', async (name) => {
  const model = lively(TWO_STAGE[name], 2);
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  if (process.env.ONNX_REPORT) console.log(name, found);
  expect(found.count).toBeGreaterThan(4);
  expect(found.mask).toBeLessThan(0.01);
  model.dispose();
});

test.each([
  'Faster R-CNN',
  'Cascade Mask R-CNN',
  'R-FCN, PSRoIPool',
  ...slowCases(['GRoIE', 'Cascade R-CNN, boxes by class', 'CrowdDet', 'TridentNet, detections of all branches']),
])('%s at sizes and batches that change', async (name) => {
  const model = lively(TWO_STAGE[name], 2);
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const [height, width, count] of [
    [160, 96, 2],
    [192, 320, 1],
  ]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    if (process.env.ONNX_REPORT) console.log(name, 'dynamic', found);
    expect(found.count).toBeGreaterThan(2);
    expect(found.mask).toBeLessThan(0.01);
  }
  model.dispose();
});

/** Where the objects are put in the wrong order or not covered, or stuff is missing, segments differ by far more. */
const EQUAL = 2e-3;

test('Panoptic FPN: detections, and segments of their masks and of stuff', async () => {
  const model = await layered(PANOPTIC['Panoptic FPN'], sampleOf(...SIZE, 1));
  const found = await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)]);
  if (process.env.ONNX_REPORT) console.log('Panoptic FPN', found);
  expect(found.count).toBeGreaterThan(4);
  expect(found.segments).toBeGreaterThan(2);
  expect(found.mask).toBeLessThan(EQUAL);
  model.dispose();
});

test('Panoptic FPN at sizes and batches that change, and with padding', async () => {
  const padding = { ...data_preprocessor, pad_size_divisor: 32 };
  const config = { ...PANOPTIC['Panoptic FPN'], data_preprocessor: padding };
  const model = await layered(config, sampleOf(160, 96, 1));
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  for (const [height, width, count] of [
    [160, 96, 2],
    [187, 305, 1],
  ]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(height, width, i));
    const found = await compareFile(model, file, samples);
    if (process.env.ONNX_REPORT) console.log('Panoptic FPN dynamic', found);
    expect(found.segments).toBeGreaterThan(1);
    expect(found.mask).toBeLessThan(EQUAL);
  }
  model.dispose();
});

test.each(Object.keys(REFUSED))('%s is refused', (name) => {
  const model = lively(REFUSED[name], 2);
  expect(() => exported(model)).toThrow(/no form in ONNX/);
  model.dispose();
});

test('proposals that come with the data are another input', async () => {
  const model = lively(FAST_RCNN, 2);
  const bboxes = Float32Array.from(Array.from({ length: 12 }, (_, i) => [8 + i, 4 + i, 40 + 5 * i, 50 + 3 * i]).flat());
  const sample = { ...sampleOf(...SIZE, 1), proposals: { bboxes, scores: new Float32Array(12).fill(1) } };
  const more = { proposals: new ort.Tensor('float32', bboxes, [1, 12, 4]) };
  const found = await compareFile(model, exported(model), [sample], undefined, more);
  expect(found.count).toBeGreaterThan(2);
  model.dispose();
});

test('embeddings of whole images', async () => {
  const model = lively(REID, 2) as Detector & Pick<BaseReID, 'embed'>;
  const file = exported(model, { dynamicBatch: true });
  const samples = [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)];
  const running = await session(file);
  const { embeddings } = await running.run(feeds(model, samples, file.inputs));
  await running.release();
  const { inputs } = model.preprocess(samples);
  const expected = tf.tidy(() => model.embed(inputs).dataSync<'float32'>());
  inputs.dispose();
  expect(embeddings.dims).toEqual([2, 8]);
  const gaps = expected.map((v, i) => Math.abs(v - Number(embeddings.data[i])));
  expect(Math.max(...gaps) / Math.max(...expected.map(Math.abs))).toBeLessThan(1e-5);
  model.dispose();
});

test('without NMS: boxes and scores of all proposals', async () => {
  const model = lively(TWO_STAGE['Faster R-CNN'], 2);
  const file = exported(model, { nms: false });
  const running = await session(file);
  const { boxes, scores } = await running.run(feeds(model, [sampleOf(...SIZE, 1)], file.inputs));
  await running.release();
  expect(boxes.dims).toEqual([1, 40, 3, 4]);
  expect(scores.dims).toEqual([1, 40, 4]);
  const first = (scores.data as Float32Array).subarray(0, 4);
  expect(first.reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
  model.dispose();
});

test('a first stage with guided anchors', async () => {
  const sizes = { octave_base_scale: 4, scales_per_octave: 3, ratios: [0.5, 1, 2] };
  const rpn_head = {
    type: 'GARPNHead',
    feat_channels: 16,
    approx_anchor_generator: { type: 'AnchorGenerator', ...sizes },
    square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4] },
  };
  const model = lively({ ...TWO_STAGE['Faster R-CNN'], rpn_head }, 2);
  expect((await compare(model, [sampleOf(...SIZE, 1)])).count).toBeGreaterThan(4);
  model.dispose();
});

test('masks without NMS are refused', () => {
  const model = lively(TWO_STAGE['Mask R-CNN'], 2);
  expect(() => exported(model, { nms: false })).toThrow(/its masks are those of selected detections/);
  model.dispose();
});

test.each(['Faster R-CNN', 'Mask R-CNN'])('%s in half precision', async (name) => {
  const model = lively(TWO_STAGE[name], 2);
  const whole = exported(model);
  const half = exported(model, { precision: 'float16' });
  expect(half.bytes.length).toBeLessThan(0.7 * whole.bytes.length);
  const running = await session(half);
  const { scores } = await running.run(feeds(model, [sampleOf(...SIZE, 1)], half.inputs));
  await running.release();
  expect((scores.data as Float32Array)[0]).toBeGreaterThan(0.2);
  model.dispose();
});
