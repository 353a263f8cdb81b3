// Models of 1.x.

import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config';
import { migrated, type Untyped } from './migrated';

test('SSD of 1.x: its sizes stood in the backbone, its anchors in the head', () => {
  const { config } = migrated(`model = dict(type='SingleStageDetector', pretrained='open-mmlab://vgg16_caffe',
    backbone=dict(type='SSDVGG', input_size=300, depth=16, with_last_pool=False, ceil_mode=True, out_indices=(3, 4),
        out_feature_indices=(22, 34), l2_norm_scale=20), neck=None,
    bbox_head=dict(type='SSDHead', input_size=300, in_channels=(512, 1024, 512, 256, 256, 256), num_classes=21,
        anchor_strides=(8, 16, 32, 64, 100, 300), basesize_ratio_range=(0.15, 0.9),
        anchor_ratios=([2], [2, 3], [2, 3], [2, 3], [2], [2]), target_means=(.0, .0, .0, .0), target_stds=(0.1, 0.1, 0.2, 0.2)))
test_cfg = dict(nms=dict(type='nms', iou_thr=0.45), min_bbox_size=0, score_thr=0.02, max_per_img=200)`);
  const { model } = config;
  const ssd = (loadConfig('ssd300_coco').config as Untyped).model;
  expect(model.neck).toEqual(ssd.neck);
  expect(model.backbone).toEqual({
    ...ssd.backbone,
    init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://vgg16_caffe' },
  });
  expect(model.bbox_head).toEqual({
    ...ssd.bbox_head,
    num_classes: 20,
    anchor_generator: { ...ssd.bbox_head.anchor_generator, basesize_ratio_range: [0.15, 0.9] },
  });
  expect(model.test_cfg.nms).toEqual({ type: 'nms', iou_threshold: 0.45 });
});

test('attention blocks of 1.x are plugins, deformable layers have a type', () => {
  const { config, left } =
    migrated(`model = dict(type='RetinaNet', bbox_head=dict(type='RetinaHead', num_classes=81, anchor_ratios=[1.0],
        octave_base_scale=4, scales_per_octave=3, anchor_strides=[8, 16], target_means=[.0] * 4, target_stds=[1.0] * 4),
    backbone=dict(type='ResNet', depth=50, dcn=dict(modulated=True, groups=1, deformable_groups=2), stage_with_dcn=(False, True, True, True),
        gcb=dict(ratio=1.0 / 16), stage_with_gcb=(False, True, True, True),
        gen_attention=dict(spatial_range=-1, num_heads=8, attention_type='0010', kv_stride=2)))
data = dict(imgs_per_gpu=2)`);
  expect(config.model.bbox_head).toEqual({
    type: 'RetinaHead',
    num_classes: 80,
    bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [1, 1, 1, 1] },
    anchor_generator: {
      type: 'AnchorGenerator',
      octave_base_scale: 4,
      scales_per_octave: 3,
      ratios: [1],
      strides: [8, 16],
    },
  });
  expect(config.model.backbone).toMatchObject({
    dcn: { type: 'DCNv2', groups: 1, deform_groups: 2 },
    plugins: [
      { cfg: { type: 'ContextBlock', ratio: 1 / 16 }, stages: [false, true, true, true], position: 'after_conv3' },
      { cfg: { type: 'GeneralizedAttention', num_heads: 8, attention_type: '0010' }, position: 'after_conv2' },
    ],
  });
  expect(left.map((line) => line.split(':')[0])).toEqual(['model']);
});
