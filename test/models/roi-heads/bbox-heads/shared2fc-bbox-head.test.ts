// Shared2FCBBoxHead against MMDetection's (shared2fc_bbox_head.safetensors): predictions, detections, initial weights.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { losses } from '../../../../src/models/losses';
import { type BBoxHead, roiDetections, roiHeads } from '../../../../src/models/roi-heads';
import { taskModules } from '../../../../src/models/task-modules';
import { torchShape } from '../../../../src/nn';
import { Random } from '../../../../src/random';
import { expectClose, fillByFormula, golden, nhwc } from '../../../golden-data';
import { weightShapes } from './sampled-targets';

const registry = new Registry([...roiHeads, ...losses, ...taskModules]);
const build = (config: ModuleConfig, context: Partial<BuildContext> = {}) =>
  registry.build('bbox_head', config, { path: 'bbox_head', ...context }) as BBoxHead;
const { tensors, metadata } = golden('shared2fc_bbox_head');
const config = JSON.parse(metadata.cfg) as ModuleConfig & { in_channels: number; num_classes: number };
const floats = (name: string) => tensors.get(name)!.data as Float32Array;

beforeAll(async () => void (await startEngine()));

describe.each([
  ['cls', false],
  ['agn', true],
])('Shared2FCBBoxHead, %s', (name, agnostic) => {
  test('predicts what the reference predicts', () => {
    const head = build({ ...config, reg_class_agnostic: agnostic } as ModuleConfig);
    const prefix = `${name}.w.`;
    const named = [...tensors.keys()].filter((key) => key.startsWith(prefix));
    expect([...head.named()].map(([key]) => prefix + key)).toEqual(named);
    expect([...head.named()].map(([, p]) => torchShape(p))).toEqual(named.map((key) => tensors.get(key)!.shape));
    fillByFormula(head);
    const state = head.stateDict();
    for (const key of named) expectClose(state.get(key.slice(prefix.length))!.data, floats(key), 0, key);

    const { scores, deltas, probabilities } = tf.tidy(() => {
      const found = head.forward(nhwc(tensors.get('x')!));
      return {
        scores: found.scores!.dataSync<'float32'>(),
        deltas: found.deltas!.dataSync<'float32'>(),
        probabilities: tf.softmax(found.scores!).dataSync<'float32'>(),
      };
    });
    expectClose(scores, floats(`${name}.cls`), 5e-6, 'scores');
    expectClose(deltas, floats(`${name}.reg`), 5e-6, 'deltas');
    const rois = floats('rois');
    const found = roiDetections(
      {
        boxes: Float32Array.from({ length: 40 }, (_, k) => rois[5 * (k >> 2) + 1 + (k & 3)]),
        scores: probabilities,
        deltas,
      },
      head.coder,
      3,
      { imgId: 0, imgPath: '', oriShape: [48, 64], imgShape: [96, 128], scaleFactor: [2, 2], flip: false },
      { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
      true,
    );
    expectClose(found.scores, floats(`${name}.det_scores`), 1e-6, 'detection scores');
    expectClose(found.bboxes, floats(`${name}.det_bboxes`), 1e-4, 'detected boxes');
    expect([...found.labels]).toEqual([...tensors.get(`${name}.det_labels`)!.data]);
    head.dispose();
  });
});

test('weights start as the reference: normal for predictions, Xavier before them, no bias', () => {
  const head = build({ ...config, fc_out_channels: 256, num_classes: 20 } as ModuleConfig);
  head.initWeights(Random.seeded(1));
  const state = head.stateDict();
  const std = (name: string) => {
    const values = state.get(name)!.data as Float32Array;
    return Math.sqrt(values.reduce((s, v) => s + v * v, 0) / values.length);
  };
  expect(std('fc_cls.weight')).toBeCloseTo(0.01, 3);
  expect(std('fc_reg.weight')).toBeCloseTo(0.001, 4);
  expect(std('shared_fcs.0.weight')).toBeCloseTo(Math.sqrt(2 / (196 + 256)), 3);
  expect(std('shared_fcs.0.bias') + std('fc_cls.bias')).toBe(0);
  head.dispose();
});

test('channels, size and classes are inferred', () => {
  const inputs = [{ channels: 8, stride: 1, size: [5, 5] as [number, number] }];
  const head = build({ type: 'Shared2FCBBoxHead' }, { inputs, numClasses: 2 });
  expect(weightShapes(head)).toMatchObject({ 'fc_cls.weight': [3, 1024], 'shared_fcs.0.weight': [1024, 200] });
  head.dispose();
});
