// Methods of a recipe on models that track, teach or distil another one: they change the detector inside.

import { inspect } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { detector, startEngine } from '../../src';
import type { ConfigObject } from '../../src/config';
import { withClassWeights } from '../../src/lab/class-weights';
import { detectorPath, objectAt, preprocessorOptions, valueAt, withDetector } from '../../src/lab/config-access';
import { planFineTune } from '../../src/lab/fine-tune';
import { LabDataset } from '../../src/lab/lab-dataset';
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

test('what the data preprocessor does, and what trains when', async () => {
  const soft = detector(WRAPPED[0][0]).config;
  expect(preprocessorOptions(soft)).toMatchObject({ type: 'DetDataPreprocessor', pad_size_divisor: 32 });
  expect(preprocessorOptions(detector(WRAPPED[1][0]).config)).toMatchObject({ pad_size_divisor: 32 });
  expect(preprocessorOptions({ model: { data_preprocessor: { type: 'A' } } })).toEqual({ type: 'A' });
  const data = { name: 'two', classes: ['a'], records: [], problems: [] };
  const config = { ...soft, train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 4 } };
  const spec = { name: 'soft', config, classes: ['a'], freezing: [] };
  const { freezing } = await planFineTune(spec, new LabDataset('two', data, undefined), { lr: 0.01 });
  expect(freezing.map(({ path, frozen, epoch }) => [path, frozen, epoch])).toEqual([
    ...['backbone', 'neck', 'rpn_head', 'roi_head'].map((part) => [`student.${part}`, true, undefined]),
    ['student.rpn_head', false, 1],
    ['student.roi_head', false, 1],
    ['student.neck', false, 2],
    ['student.backbone.layer4', false, 3],
    ['student.backbone', false, 4],
  ]);
});

test('the summary and the recipe name the parts inside', async () => {
  const recipe = detector(WRAPPED[1][0]);
  expect(inspect(recipe)).toContain('(QDTrack, FasterRCNN, ResNet, FPN)');
  const { stages } = (await recipe.summary()).summary;
  expect(stages.map(({ path, type }) => [path, type])).toContainEqual(['detector.roi_head', 'StandardRoIHead']);
  expect(() => recipe.neck('PAFPM' as never)).toThrow('model.detector.neck');
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
