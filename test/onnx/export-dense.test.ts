// Detectors of one stage in ONNX Runtime: the detections of `predict`.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import type { Detections } from '../../src/data/types';
import { startEngine } from '../../src/engine';
import type { RetinaHead } from '../../src/models/dense-heads/retina-head';
import type { SingleStageDetector } from '../../src/models/detectors/single-stage-detector';
import type { Detector } from '../../src/models/types';
import { Module } from '../../src/nn';
import type { OnnxFile } from '../../src/onnx/export-detector';
import { nextFloat } from '../../src/onnx/selection/suppression';
import { sampled } from '../slow-cases';
import { DENSE } from './dense-detectors';
import { compare, compareFile, cut, exported, feeds, lively, SIZE, sampleOf, session } from './exported';
import { rotated } from './yolo-detectors';

beforeAll(async () => void (await startEngine()));

test.each(Object.keys(DENSE))('%s', async (name) => {
  const model = lively(DENSE[name]);
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  expect(found.count).toBeGreaterThan(4);
  model.dispose();
});

test.each(sampled(Object.keys(DENSE), 4))('%s at sizes and batches that change', async (name) => {
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

test('rotated boxes that are turned afterwards, of one class each', async () => {
  const nms = { type: 'nms_rotated', iou_threshold: 0.3, class_agnostic: true };
  const model = lively(rotated({ decode_with_angle: false, multi_label: false, nms }));
  expect((await compare(model, [sampleOf(...SIZE, 1)])).count).toBeGreaterThan(4);
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

/** Other cells than in whole precision may be likely, or peaks: the best scores are compared in their order. */
const CHOSEN = ['CenterNet', 'RPN, guided anchors'];

test.each(sampled(Object.keys(DENSE), 6))('%s in half precision', async (name) => {
  const model = lively(DENSE[name]);
  const nms = CHOSEN.includes(name);
  const whole = exported(model, { nms });
  const half = exported(model, { nms, precision: 'float16' });
  expect(half.bytes.length).toBeLessThan(0.7 * whole.bytes.length);
  if (!nms) expect(await gap(whole, half, model, 'boxes')).toBeLessThan(1);
  expect(await gap(whole, half, model, 'scores')).toBeLessThan(1e-2);
  model.dispose();
});

test.each(['RetinaNet', 'RTMDet', 'YOLOv8'])('%s: images smaller than the batch that holds them', async (name) => {
  const model = lively({
    ...DENSE[name],
    data_preprocessor: { type: 'DetDataPreprocessor', mean: [120], std: [60], pad_size_divisor: 32 },
  });
  const samples = [sampleOf(90, 100, 1), sampleOf(64, 128, 2)];
  const found = await compare(model, samples, { size: [96, 128] });
  expect(found.count).toBeGreaterThan(2);
  model.dispose();
});

test.each([
  ['class_agnostic', { class_agnostic: true }],
  ['offset', { offset: 1 }],
  ['max_num', { max_num: 3 }],
  ['score_threshold', { score_threshold: 0.45 }],
])('the NMS option %s', async (_name, more) => {
  const config = { ...DENSE.RetinaNet, test_cfg: { ...cut, nms: { ...cut.nms, ...more } } };
  const model = lively(config);
  expect((await compare(model, [sampleOf(...SIZE, 1)])).count).toBeGreaterThan(0);
  model.dispose();
});

test.each([
  ['linear', {}],
  ['gaussian', { method: 'gaussian', sigma: 0.3 }],
  ['naive', { method: 'naive', iou_threshold: 0.6 }],
  ['with an offset and a minimum', { offset: 1, min_score: 0.35 }],
  ['across classes', { class_agnostic: true, max_num: 7 }],
])('soft NMS, %s', async (_name, more) => {
  const nms = { type: 'soft_nms', iou_threshold: 0.3, ...more };
  const model = lively({ ...DENSE.RetinaNet, test_cfg: { ...cut, nms } });
  const found = await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)]);
  expect(found.count).toBeGreaterThan(5);
  model.dispose();
});

test('soft NMS that keeps all, at sizes and batches that change', async () => {
  const model = lively({ ...DENSE.RetinaNet, test_cfg: { ...cut, nms: { type: 'soft_nms' }, max_per_img: -1 } });
  const file = exported(model, { dynamicSize: true, dynamicBatch: true });
  expect(file.operators.get('Loop')).toBe(1);
  for (const count of [1, 3]) {
    const samples = Array.from({ length: count }, (_, i) => sampleOf(160, 96, i));
    expect((await compareFile(model, file, samples)).count).toBeGreaterThan(20);
  }
  model.dispose();
});

test('boxes whose corners have changed places suppress nothing', async () => {
  const model = lively({ ...DENSE.RTMDet, test_cfg: { ...cut, max_per_img: -1 } }) as SingleStageDetector;
  for (const [name, { variable }] of model.bboxHead.named())
    if (/rtm_reg.*bias$/.test(name)) tf.tidy(() => variable.assign(tf.fill(variable.shape, -1.5)));
  const found = await compare(model, [sampleOf(...SIZE, 1)]);
  expect(found.count).toBeGreaterThan(50);
  model.dispose();
});

test.each([-15, -40])('proposals of scores near 0 keep their order (logits of about %d)', async (bias) => {
  const model = lively(DENSE.RPN, 3);
  for (const [name, { variable }] of model.named())
    if (name.endsWith('rpn_cls.bias')) tf.tidy(() => variable.assign(tf.fill(variable.shape, bias)));
  expect((await compare(model, [sampleOf(...SIZE, 1)])).count).toBe(50);
  model.dispose();
});

test.each([
  ['no limit of detections', { max_per_img: -1 }],
  ['every pair', { nms_pre: -1 }],
  ['one label a box', { multi_label: false }],
])('YOLOv8 with %s', async (_name, more) => {
  const model = lively({ ...DENSE.YOLOv8, test_cfg: { ...(DENSE.YOLOv8.test_cfg as object), ...more } });
  expect((await compare(model, [sampleOf(...SIZE, 1)])).count).toBeGreaterThan(2);
  model.dispose();
});

test('a head without a form in ONNX is named', () => {
  const model = lively(DENSE.RetinaNet) as SingleStageDetector;
  class Mine extends Module {}
  Object.assign(model, { bboxHead: Object.assign(new Mine(), { numClasses: 3 }) });
  expect(() => exported(model)).toThrow(/Mine has no form in ONNX/);
  model.dispose();
});

test('without NMS: the maps of CenterNet', () => {
  const model = lively(DENSE.CenterNet);
  expect(exported(model, { nms: false }).outputs).toEqual(['scores', 'sizes', 'offsets']);
  model.dispose();
});

test('an image without detections', async () => {
  for (const [name, threshold] of [
    ['RetinaNet', 0.999],
    ['YOLOX', 0.999],
  ] as const) {
    const config = { ...DENSE[name], test_cfg: { ...(DENSE[name].test_cfg as object), score_thr: threshold } };
    const model = lively(config);
    expect((await compare(model, [sampleOf(...SIZE, 1)])).count).toBe(0);
    model.dispose();
  }
});

test('boxes whose IoU is the threshold exactly are kept, as by predict', () => {
  // the graph compares with the next larger number, as one runtime drops at the threshold and the other above it
  expect(nextFloat(0.5)).toBeGreaterThan(0.5);
  expect(nextFloat(0.5)).toBeLessThan(0.5 + 1e-7);
});

test('min_bbox_size is refused, without NMS it is no matter', () => {
  const model = lively({ ...DENSE.RetinaNet, test_cfg: { ...cut, min_bbox_size: 8 } });
  expect(() => exported(model)).toThrow(/min_bbox_size 8 is in pixels of the original image/);
  expect(exported(model, { nms: false }).outputs).toEqual(['boxes', 'scores']);
  model.dispose();
});

test('without NMS: scores, boxes and factors of all candidates', () => {
  const model = lively(DENSE.FCOS);
  expect(exported(model, { nms: false }).outputs).toEqual(['boxes', 'scores', 'factors']);
  model.dispose();
});

test('keypoints of all candidates, and of the best priors with one label a box', async () => {
  const name = 'YOLOX with keypoints';
  const model = lively({ ...DENSE[name], test_cfg: { ...(DENSE[name].test_cfg as object), multi_label: false } });
  expect(exported(model, { nms: false }).outputs).toEqual(['boxes', 'scores', 'keypoints']);
  expect((await compare(model, [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)])).count).toBeGreaterThan(4);
  model.dispose();
});

test('a head whose detections are made another way is refused by name', () => {
  const model = lively(DENSE.RetinaNet) as SingleStageDetector;
  class Mine extends (model.bboxHead.constructor as typeof RetinaHead) {
    protected override suppress(): Detections {
      return { bboxes: new Float32Array(0), scores: new Float32Array(0), labels: new Int32Array(0) };
    }
  }
  Object.setPrototypeOf(model.bboxHead, Mine.prototype);
  expect(() => exported(model)).toThrow(/Mine has a suppress of its own.*Override selection too/);
  expect(exported(model, { nms: false }).outputs).toEqual(['boxes', 'scores']);
  model.dispose();
});

test('a layer that reads values of the network is refused', () => {
  const model = lively(DENSE.RetinaNet);
  const { forward } = model.backbone;
  model.backbone.forward = (x) => {
    const levels = forward.call(model.backbone, x);
    return levels[0].dataSync()[0] > 1e9 ? [] : levels;
  };
  expect(() => exported(model)).toThrow(/reads values of the network while it runs/);
  model.dispose();
});
