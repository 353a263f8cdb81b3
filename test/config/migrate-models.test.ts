// Models of 1.x and 2.x that 3.x writes otherwise: YOLOX, Deformable DETR, SSD, blocks of 1.x.

import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config';
import { migrated, type Untyped } from './migrated';

test('YOLOX: sizes that change, hooks and intervals', () => {
  const { config, left } =
    migrated(`model = dict(type='YOLOX', input_size=(640, 640), random_size_range=(15, 25), random_size_interval=10,
    backbone=dict(type='CSPDarknet'))
runner = dict(type='EpochBasedRunner', max_epochs=300)
custom_hooks = [dict(type='YOLOXModeSwitchHook', num_last_epochs=15, priority=48),
    dict(type='SyncNormHook', num_last_epochs=15, interval=10, priority=48),
    dict(type='ExpMomentumEMAHook', resume_from=None, momentum=0.0001, priority=49)]
evaluation = dict(interval=10, dynamic_intervals=[(285, 1)], start=20)
auto_resume = True
seed = 7
`);
  expect(config.model).toEqual({
    type: 'YOLOX',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      pad_size_divisor: 32,
      batch_augments: [
        { type: 'BatchSyncRandomResize', random_size_range: [480, 800], size_divisor: 32, interval: 10 },
      ],
    },
    backbone: { type: 'CSPDarknet' },
  });
  expect(config.custom_hooks).toEqual([
    { type: 'YOLOXModeSwitchHook', num_last_epochs: 15, priority: 48 },
    { type: 'SyncNormHook', priority: 48 },
    { type: 'EMAHook', ema_type: 'ExpMomentumEMA', update_buffers: true, momentum: 0.0001, priority: 49 },
  ]);
  expect(config.train_cfg).toEqual({
    type: 'EpochBasedTrainLoop',
    max_epochs: 300,
    val_interval: 10,
    val_begin: 20,
    dynamic_intervals: [[285, 1]],
  });
  expect(config).toMatchObject({ resume: true, randomness: { seed: 7 } });
  expect(left).toEqual([]);
});

test("Deformable DETR: stages, refinement and levels are the detector's", () => {
  const { config, left } = migrated(`optimizer_config = dict(grad_clip=dict(max_norm=0.1))
model = dict(type='DeformableDETR', neck=dict(type='ChannelMapper', in_channels=[512, 1024, 2048], out_channels=256, num_outs=4),
    bbox_head=dict(type='DeformableDETRHead', num_query=300, num_classes=80, in_channels=2048, as_two_stage=True, with_box_refine=True,
        transformer=dict(type='DeformableDetrTransformer', num_feature_levels=5, mixed_selection=True,
            encoder=dict(type='DetrTransformerEncoder', num_layers=2, transformerlayers=dict(type='BaseTransformerLayer',
                attn_cfgs=dict(type='MultiScaleDeformableAttention', embed_dims=256, num_levels=5),
                feedforward_channels=1024, ffn_dropout=0.1, operation_order=('self_attn', 'norm', 'ffn', 'norm'))),
            decoder=dict(type='DeformableDetrTransformerDecoder', num_layers=3, return_intermediate=True,
                transformerlayers=dict(type='DetrTransformerDecoderLayer', attn_cfgs=[
                    dict(type='MultiheadAttention', embed_dims=256, num_heads=8, dropout=0.1),
                    dict(type='MultiScaleDeformableAttention', embed_dims=256, num_levels=5)],
                    feedforward_channels=1024, ffn_dropout=0.1,
                    operation_order=('norm', 'self_attn', 'norm', 'cross_attn', 'norm', 'ffn')))),
        positional_encoding=dict(type='SinePositionalEncoding', num_feats=128, normalize=True, offset=-0.5)))`);
  const attention = { embed_dims: 256, num_levels: 5, batch_first: true };
  const ffn_cfg = { embed_dims: 256, feedforward_channels: 1024, ffn_drop: 0.1 };
  expect(config.model).toMatchObject({
    num_queries: 300,
    as_two_stage: true,
    with_box_refine: true,
    num_feature_levels: 5,
    encoder: { num_layers: 2, layer_cfg: { self_attn_cfg: attention, ffn_cfg } },
    decoder: {
      num_layers: 3,
      return_intermediate: true,
      post_norm_cfg: null,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0.1, batch_first: true },
        cross_attn_cfg: attention,
        ffn_cfg,
      },
    },
    positional_encoding: { num_feats: 128, normalize: true, offset: -0.5 },
  });
  expect(config.model.bbox_head).toEqual({ type: 'DeformableDETRHead', num_classes: 80 });
  expect(left.map((line) => line.split(':')[0])).toEqual([
    'model.bbox_head.transformer.mixed_selection',
    'model.bbox_head.transformer.decoder.transformerlayers.operation_order',
  ]);
});

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

test('YOLOX changes sizes when nothing is said of it; parts of a transformer that are no more are named', () => {
  const { config } = migrated("model = dict(type='YOLOX', input_size=(640, 640))");
  expect(config.model.data_preprocessor.batch_augments[0].random_size_range).toEqual([480, 800]);
  const { left } =
    migrated(`model = dict(type='DeformableDETR', bbox_head=dict(type='DeformableDETRHead', transformer=dict(type='MyTransformer',
    encoder=dict(type='DetrTransformerEncoder', num_layer=3, transformerlayers=dict(type='BaseTransformerLayer', norm_cgf=dict(type='LN'))))))`);
  expect(left).toEqual([
    expect.stringMatching(/^model.bbox_head.transformer.type: MyTransformer is replaced by 3.x's built-in class/),
    'model.bbox_head.transformer.encoder.num_layer: not a key of MMDetection 2.x. Did you mean "num_layers"?',
    'model.bbox_head.transformer.encoder.transformerlayers.norm_cgf: not a key of MMDetection 2.x. Did you mean "norm_cfg"?',
  ]);
});
