// Methods of a recipe on models that track, teach or distil another one: they change the detector inside.

import { beforeAll, expect, test } from 'vitest';
import { detector, startEngine } from '../../src';
import type { ConfigObject } from '../../src/config';
import { withClassWeights } from '../../src/lab/class-weights';
import { detectorPath, objectAt, valueAt, withDetector } from '../../src/lab/config-access';
import { onnxMetadata } from '../../src/lab/onnx/onnx-metadata';

beforeAll(() => startEngine());

const WRAPPED: [string, string][] = [
  ['soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco', 'model.detector'],
  ['qdtrack_faster-rcnn_r50_fpn_8xb2-4e_mot17halftrain_test-mot17halfval', 'model.detector'],
  ['kd_tiny_rtmdet_s_neck_300e_coco', 'model.architecture'],
];

test.each(WRAPPED)('%s', (name, path) => {
  const recipe = detector(name);
  const { config } = recipe;
  expect(detectorPath(config)).toBe(path);
  const old = objectAt(config, path);
  const changed = recipe.backbone({ init_cfg: null } as never).neck({ type: 'PAFPN', num_outs: 5 }).config;
  expect(objectAt(changed, path)).toMatchObject({
    type: old.type,
    neck: { type: 'PAFPN', out_channels: valueAt(old, 'neck.out_channels'), num_outs: 5 },
    backbone: { ...objectAt(old, 'backbone'), init_cfg: null },
  });
  for (const part of ['neck', 'backbone']) expect(objectAt(changed, 'model')).not.toHaveProperty(part);
  const metadata = onnxMetadata({ name, version: '1', classes: [], config, nms: true, precision: 'float32' });
  const { mean, std } = JSON.parse(metadata.preprocessing);
  expect([mean, std]).toEqual([expect.any(Array), expect.any(Array)]);
});

test('the neck is that of the teacher and the student', async () => {
  const base = detector('soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco').backbone({
    init_cfg: null,
  } as never);
  const model = await base.neck('PAFPN').build();
  const names = [...model.detector.named()].map(([path]) => path);
  for (const part of ['student', 'teacher'])
    expect(names.some((path) => path.startsWith(`${part}.neck.pafpn_convs`))).toBe(true);
  expect(() => model.detector.freeze('backbone')).toThrow('Did you mean "student.backbone" or "teacher.backbone"?');
  model.dispose();
});

test('weights of classes are those of the heads inside', () => {
  const { config } = detector('qdtrack_faster-rcnn_r50_fpn_8xb2-4e_mot17halftrain_test-mot17halfval');
  const data = { name: 'two', classes: ['a', 'b'], records: [], problems: [] };
  const weighed = withClassWeights(config, data, [1, 3]).config;
  expect(valueAt(weighed, 'model.detector.roi_head.bbox_head.loss_cls.class_weight')).toEqual([1, 3, 1]);
});

test('a config with another detector is a copy', () => {
  const config: ConfigObject = { model: { type: 'A', detector: { type: 'B' } } };
  expect(withDetector(config, (old) => ({ ...old, neck: null }))).toEqual({
    model: { type: 'A', detector: { type: 'B', neck: null } },
  });
  expect(config).toEqual({ model: { type: 'A', detector: { type: 'B' } } });
  expect(withDetector({ model: { type: 'B' } }, () => ({ type: 'C' }))).toEqual({ model: { type: 'C' } });
});
