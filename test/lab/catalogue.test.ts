// Values that MMDetection takes although its own configs rarely have them: accepted, and acted on as there.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { detector } from '../../src';
import { findConfigProblems } from '../../src/catalogue/check-config';
import type { ModuleConfig } from '../../src/catalogue/registry';
import type { ConfigObject } from '../../src/config';
import { startEngine } from '../../src/engine';
import { catalogue } from '../../src/lab/catalogue';
import { planLoop } from '../../src/lab/plan-loop';
import { GeneralizedAttention } from '../../src/models/layers/generalized-attention';
import type { GenericRoIExtractor } from '../../src/models/roi-heads/roi-extractors/generic-roi-extractor';
import { BatchNorm2d, type Module } from '../../src/nn';
import { DeformConv2dPack } from '../../src/nn/deform-conv2d-pack';
import { roiAlign } from '../../src/ops';
import { Random } from '../../src/random';

beforeAll(() => startEngine());

const FASTER = 'faster-rcnn_r50_fpn_1x_coco';
const problems = (options: Record<string, unknown>) =>
  findConfigProblems(detector(FASTER, { options: options as never }).config, catalogue);
const parts = (module: Module) => [...module.modules()].map(([, part]) => part);

test.each([
  { train_cfg: { _delete_: true, by_epoch: true, max_epochs: 3 } },
  { train_cfg: { _delete_: true, by_epoch: false, max_iters: 30 } },
  { 'model.backbone.dcn': { type: 'DCN', deformable_groups: 2, im2col_step: 64, fallback_on_stride: false } },
  { 'model.backbone.dcn': { type: 'DCNv2', deformable_groups: 2 } },
  { 'model.backbone.norm_cfg': { type: 'BN', eps: 0 } },
  { 'model.neck.norm_cfg': { type: 'GN', num_groups: 32, eps: 0 } },
  { 'model.roi_head.bbox_roi_extractor.roi_layer.sampling_ratio': -1 },
  { 'train_dataloader.dataset.pipeline.0.to_float32': true },
  { 'train_dataloader.dataset.pipeline.0.imdecode_backend': 'pillow' },
  { 'train_dataloader.dataset.pipeline.2.backend': 'pillow' },
  { 'train_dataloader.dataset.pipeline.2.scale_factor': null },
  { 'train_dataloader.dataset.return_classes': true },
  { 'train_dataloader.dataset.serialize_data': false },
  { 'val_evaluator.sort_categories': true },
  { 'model.roi_head.bbox_head.loss_cls': { type: 'CrossEntropyLoss', use_sigmoid: true, class_weight: 2 } },
  { 'model.roi_head.bbox_head.cls_predictor_cfg': { type: 'NormedLinear', tempearture: 20 } },
  { 'model.neck.norm_cfg': { type: 'MMSyncBN' } },
  { 'default_hooks.checkpoint.interval': -1 },
  { 'optim_wrapper.optimizer': { _delete_: true, type: 'AdamW', lr: 0.1, foreach: true, capturable: null } },
  {
    'model.roi_head.bbox_roi_extractor': {
      type: 'GenericRoIExtractor',
      post_cfg: { type: 'GeneralizedAttention', in_channels: 256, num_heads: 6, attention_type: '0100', kv_stride: 2 },
    },
  },
])('%j', (options) => expect(problems(options)).toEqual([]));

test('both names of deform_groups are refused, as in mmcv', () => {
  const dcn = { type: 'DCN', deformable_groups: 2, deform_groups: 2 };
  expect(problems({ 'model.backbone.dcn': dcn })[0].message).toMatch(/^expected one of deform_groups and deformable_g/);
});

test('by_epoch chooses the loop', () => {
  const loop = (train_cfg: ConfigObject) => planLoop({ train_cfg }).loop;
  expect(loop({ by_epoch: true, max_epochs: 3 })).toMatchObject({ type: 'EpochBasedTrainLoop', total: 3 });
  expect(loop({ by_epoch: false, max_iters: 30 })).toMatchObject({ type: 'IterBasedTrainLoop', total: 30 });
});

test('deformable_groups is deform_groups', () => {
  const resnet = (dcn: object) =>
    catalogue.build(
      'backbone',
      { type: 'ResNet', depth: 50, base_channels: 8, dcn, stage_with_dcn: [true, false, false, false] } as ModuleConfig,
      { path: 'backbone' },
    );
  const groups = (dcn: object) => {
    const backbone = resnet(dcn);
    const found = parts(backbone).flatMap((part) => (part instanceof DeformConv2dPack ? [part.stateDict().size] : []));
    const shapes = [...backbone.stateDict()]
      .filter(([key]) => key.endsWith('conv_offset.weight'))
      .map(([, t]) => t.shape);
    backbone.dispose();
    expect(found.length).toBe(3);
    return shapes;
  };
  const old = groups({ type: 'DCN', deformable_groups: 4 });
  expect(old).toEqual(groups({ type: 'DCN', deform_groups: 4 }));
  expect(old[0][0]).toBe(4 * 18);
});

test('a negative sampling_ratio is adaptive', () => {
  const x = tf.randomNormal<tf.Rank.R4>([1, 8, 8, 2], 0, 1, 'float32', 1);
  const rois = tf.tensor2d([[0, 1, 2, 25, 30]]);
  const pool = (samplingRatio: number) =>
    roiAlign(x, rois, { outputSize: [3, 3], spatialScale: 1 / 4, samplingRatio }).dataSync();
  expect(pool(-1)).toEqual(pool(0));
  expect(pool(-1)).not.toEqual(pool(1));
});

test('norm_eval leaves MMSyncBN in training mode', () => {
  const modes = (type: string) => {
    const norm_cfg = { type, requires_grad: true };
    const backbone = catalogue.build(
      'backbone',
      { type: 'ResNet', depth: 18, base_channels: 4, norm_cfg, norm_eval: true },
      { path: 'backbone' },
    );
    backbone.train();
    const training = parts(backbone).flatMap((part) => (part instanceof BatchNorm2d ? [part.training] : []));
    backbone.dispose();
    return new Set(training);
  };
  expect(modes('MMSyncBN')).toEqual(new Set([true]));
  expect(modes('SyncBN')).toEqual(new Set([false]));
});

test('GeneralizedAttention as post_cfg reads the sum of the levels', () => {
  const attention = { num_heads: 4, attention_type: '1111', kv_stride: 2 };
  const build = (post_cfg: object | null) =>
    catalogue.build(
      'roi_extractor',
      {
        ...{ type: 'GenericRoIExtractor', out_channels: 8, featmap_strides: [4, 8], post_cfg },
        roi_layer: { type: 'RoIAlign', output_size: 6, sampling_ratio: 2 },
      },
      { path: 'extractor' },
    ) as GenericRoIExtractor;
  const extractor = build({ type: 'GeneralizedAttention', in_channels: 8, ...attention });
  extractor.initWeights(Random.seeded(3));
  const post = parts(extractor).find((part): part is GeneralizedAttention => part instanceof GeneralizedAttention)!;
  post.stateDict();
  for (const [name, { variable }] of post.named()) if (name === 'gamma') variable.assign(tf.tensor1d([0.7]));
  expect([...extractor.stateDict().keys()].every((key) => key.startsWith('post_module.'))).toBe(true);
  const levels = [8, 4].map((side, i) => tf.randomNormal<tf.Rank.R4>([1, side, side, 8], 0, 1, 'float32', i + 1));
  const rois = Float32Array.from([0, 1, 2, 25, 30, 0, 4, 4, 20, 12]);
  const plain = build(null);
  const expected = post.forward(plain.forward(levels, rois)).dataSync();
  expect(extractor.forward(levels, rois).dataSync()).toEqual(expected);
  extractor.dispose();
});

test('a first stage alone has a summary, and one class', async () => {
  const { summary } = await detector('rpn_r50_fpn_1x_coco').summary();
  expect(summary.stages.map(({ path, type }) => [path, type])).toContainEqual(['bbox_head', 'RPNHead']);
  expect(summary.parameters).toBe(27_446_351);
});
