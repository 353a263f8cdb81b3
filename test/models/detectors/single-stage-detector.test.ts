// RetinaNet, SSD300 and YOLOv8 as wholes against the reference: parameters, features, detections; YOLOX and the others
// build.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { loadConfig } from '../../../src/config';
import type { Truths } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import type { SingleStageDetector } from '../../../src/models/detectors';
import { torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, goldenJson, nchw } from '../../golden-data';
import { expectDetections } from '../dense-heads/check-head';
import { none, type Summary, sample, tidy } from './whole-models';

interface EndToEnd {
  extra_rules?: [string, number][];
  backbone: Summary[];
  neck: Summary[];
  n_detections: number;
  /** The first hundred. */
  detections: { bbox: number[]; score: number; label: number }[];
  f32_vs_f64: { neck: number[] };
}
type Config = ModuleConfig & Record<string, Record<string, unknown>>;

/** A merged reference config without its number of classes, which the dataset knows. */
function modelConfig(name: string): Config {
  const { model } = goldenJson<{ merged: { model: Config } }>(name).merged;
  const config = structuredClone(model);
  const head = (config.bbox_head.head_module ?? config.bbox_head) as Record<string, unknown>;
  delete head.num_classes;
  const assigner = (config.train_cfg?.assigner ?? {}) as Record<string, unknown>;
  delete assigner.num_classes;
  return config;
}

function expectSummaries(levels: tf.Tensor4D[], expected: Summary[], tolerance: number[], what: string) {
  expect(levels.length).toBe(expected.length);
  for (const [i, level] of levels.entries()) {
    const values = nchw(level);
    const { shape, mean, std, first8, mid8 } = expected[i];
    const [n, h, w, c] = level.shape;
    expect([n, c, h, w]).toEqual(shape);
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const spread = Math.sqrt(values.reduce((a, b) => a + (b - average) ** 2, 0) / (values.length - 1));
    expectClose([average, spread], [mean, std], tolerance[i], `${what} ${i} mean and std`);
    expectClose(values.subarray(0, 8), first8, tolerance[i], `${what} ${i} first`);
    const middle = Math.floor(values.length / 2);
    expectClose(values.subarray(middle, middle + 8), mid8, tolerance[i], `${what} ${i} middle`);
  }
}

beforeAll(async () => void (await startEngine()));

test.each([
  ['config_retinanet_r50', 'params_retinanet_r50_fpn'],
  ['config_retinanet_r50_nasfpn', 'params_retinanet_r50_nasfpn'],
  ['config_ssd300', 'params_ssd300'],
  ['config_mmyolo_yolov8_s', 'params_yolov8_s'],
  ['config_mmyolo_yolov8_m', 'params_yolov8_m'],
  ['yolov8_n', 'params_yolov8_n'],
])('%s has the parameters of the reference, in its order', (name, params) => {
  const config = modelConfig(name === 'yolov8_n' ? 'config_mmyolo_yolov8_s' : name);
  if (name === 'yolov8_n') {
    config.backbone.widen_factor = 0.25;
    config.neck.widen_factor = 0.25;
    (config.bbox_head.head_module as Record<string, unknown>).widen_factor = 0.25;
  }
  const model = buildDetector(config, { numClasses: 80 });
  const expected = goldenJson<{ total: number; state_dict_order: [string, number[]][] }>(params);
  expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.state_dict_order);
  expect(model.parameterCount()).toBe(expected.total);
  expect(model.numClasses).toBe(80);
  model.dispose();
});

describe.each([
  ['config_retinanet_r50', 'e2e_model_retinanet_r50', [128, 160]],
  ['config_ssd300', 'e2e_model_ssd300', [300, 300]],
  ['config_mmyolo_yolov8_s', 'e2e_model_yolov8_s', [128, 160]],
] as [string, string, [number, number]][])('%s, three classes', (name, reference, size) => {
  test('features and detections', () => {
    const expected = goldenJson<EndToEnd>(reference);
    const model = buildDetector(modelConfig(name), { classes: ['a', 'b', 'c'] }) as SingleStageDetector;
    fillByFormula(model, '', expected.extra_rules ?? []);
    model.eval();
    const batch = model.preprocess([sample(none, size)]);
    tf.tidy(() => {
      const features = model.backbone.forward(batch.inputs);
      const relative = expected.backbone.map(({ std }) => 1e-5 * Math.max(1, std));
      expectSummaries(features, expected.backbone, relative, 'backbone');
      const drift = expected.f32_vs_f64.neck.map((d) => Math.max(10 * d, 1e-6));
      expectSummaries(model.extractFeatures(batch.inputs), expected.neck, drift, 'neck');
    });
    const [found] = tidy(() => model.predict(batch));
    const { detections } = expected;
    const n = detections.length;
    expect(found.scores.length).toBe(expected.n_detections);
    expectDetections(
      { bboxes: found.bboxes.slice(0, 4 * n), scores: found.scores.slice(0, n), labels: found.labels.slice(0, n) },
      {
        bboxes: detections.flatMap(({ bbox }) => bbox),
        scores: detections.map(({ score }) => score),
        labels: detections.map(({ label }) => label),
      },
      [1e-4, 1e-2],
    );
    batch.inputs.dispose();
    model.dispose();
  }, 120_000);
});

test('YOLOX builds and takes a step whose batch changes its size', () => {
  const config = modelConfig('config_yolox_s');
  config.backbone.widen_factor = 0.125;
  config.backbone.deepen_factor = 0.1;
  Object.assign(config.neck, { in_channels: [32, 64, 128], out_channels: 32 });
  Object.assign(config.bbox_head, { in_channels: 32, feat_channels: 32 });
  config.data_preprocessor.batch_augments = [
    { type: 'BatchSyncRandomResize', random_size_range: [96, 96], size_divisor: 32, interval: 1 },
  ];
  const model = buildDetector(config, { classes: ['a', 'b', 'c'] }) as SingleStageDetector;
  model.initWeights(Random.seeded(1));
  model.train();
  const truths: Truths = {
    bboxes: new Float32Array([8, 8, 50, 40]),
    labels: new Int32Array([1]),
    ignored: new Uint8Array(1),
  };
  const first = model.preprocess([sample(truths, [64, 64])], 0);
  const second = model.preprocess([sample(truths, [64, 64])], 1);
  expect([first.batchShape, second.batchShape]).toEqual([
    [64, 64],
    [96, 96],
  ]);
  expect([...second.samples[0].truths.bboxes]).toEqual([12, 12, 75, 60]);
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const variables = model.trainable().map(([, p]) => p.variable);
    const { value } = tf.variableGrads(
      () =>
        tf.addN(
          Object.values(model.loss(second, { random: Random.seeded(0), epoch: 0, iteration: 0 })).flat(),
        ) as tf.Scalar,
      variables,
    );
    expect(value.arraySync()).toBeGreaterThan(0);
  });
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([first.inputs, second.inputs]);
  model.dispose();
});

test('TOOD takes a step with either assigner and predicts; no tensors are left', () => {
  const { model: config } = loadConfig('tood_r50_fpn_1x_coco').config as { model: Config };
  Object.assign(config.backbone, { depth: 18, base_channels: 8, init_cfg: null });
  Object.assign(config.neck, { in_channels: [8, 16, 32, 64], out_channels: 16 });
  delete config.bbox_head.num_classes;
  Object.assign(config.bbox_head, { in_channels: 16, feat_channels: 32, stacked_convs: 2 });
  config.test_cfg.score_thr = 0;
  const model = buildDetector(config, { classes: ['a', 'b', 'c'] });
  model.initWeights(Random.seeded(1));
  const truths: Truths = {
    bboxes: new Float32Array([8, 8, 50, 40]),
    labels: new Int32Array([1]),
    ignored: new Uint8Array(1),
  };
  const batch = model.preprocess([sample(truths, [64, 64]), sample(none, [64, 64])]);
  const variables = model.trainable().map(([, p]) => p.variable);
  const step = (epoch: number) =>
    tf.tidy(() => {
      const losses = () => model.loss(batch, { random: Random.seeded(0), epoch, iteration: 0 });
      const { value, grads } = tf.variableGrads(() => tf.addN(Object.values(losses()).flat()) as tf.Scalar, variables);
      expect(value.arraySync()).toBeGreaterThan(0);
      expect(Object.keys(grads)).toHaveLength(variables.length);
    });
  const predicted = () => tidy(() => model.predict(batch)).map(({ scores }) => scores.length);
  const inBothModes = () => {
    model.train();
    for (const epoch of [3, 4]) step(epoch);
    model.eval();
    expect(predicted()).toEqual([100, 100]);
  };
  inBothModes(); // norms keep what they computed from their statistics
  const before = tf.memory().numTensors;
  inBothModes();
  expect(tf.memory().numTensors).toBe(before);
  batch.inputs.dispose();
  model.dispose();
});

test('a head that does not read feature levels is refused when the model is built', () => {
  const config = modelConfig('config_retinanet_r50');
  Object.assign(config, { bbox_head: { type: 'DETRHead', num_classes: 3 }, train_cfg: null, test_cfg: null });
  expect(() => buildDetector(config)).toThrow(
    /model.bbox_head must be a dense head on feature levels, received "DETRHead": it reads the queries of a decoder/,
  );
});
