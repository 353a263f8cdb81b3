// Configs of MMDetection 1.x and 2.x in the words of 3.x.

import { expect, test } from 'vitest';
import { migrated, type Untyped } from './migrated';

const PIPELINES = `
norm = dict(mean=[1., 2., 3.], std=[4., 5., 6.], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', img_scale=(1333, 800), keep_ratio=True), dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='Normalize', **norm), dict(type='Pad', size_divisor=32),
    dict(type='DefaultFormatBundle'), dict(type='Collect', keys=['img', 'gt_bboxes', 'gt_labels'])]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='MultiScaleFlipAug', img_scale=(1333, 800), flip=False, transforms=[
        dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'), dict(type='Normalize', **norm),
        dict(type='Pad', size_divisor=32), dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])])]
`;
const DATA = `
data = dict(samples_per_gpu=4, workers_per_gpu=3,
    train=dict(type='CocoDataset', ann_file='data/a.json', img_prefix='data/train/', pipeline=train_pipeline, classes=('a', 'b')),
    val=dict(type='CocoDataset', ann_file='data/b.json', img_prefix='data/val/', pipeline=test_pipeline, classes=('a', 'b')),
    test=dict(type='CocoDataset', ann_file='data/b.json', img_prefix='data/val/', pipeline=test_pipeline, classes=('a', 'b')))
evaluation = dict(interval=2, metric='bbox', save_best='auto')
`;
const SCHEDULE = `
optimizer = dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=dict(max_norm=35, norm_type=2))
lr_config = dict(policy='step', warmup='linear', warmup_iters=500, warmup_ratio=0.001, step=[8, 11])
runner = dict(type='EpochBasedRunner', max_epochs=12)
checkpoint_config = dict(interval=1)
log_config = dict(interval=50, hooks=[dict(type='TextLoggerHook')])
resume_from = None
workflow = [('train', 1)]
`;

test('pipelines, data and model of 2.x', () => {
  const { config, changes } = migrated(
    `${PIPELINES}${DATA}model = dict(type='FasterRCNN', pretrained='torchvision://resnet50', backbone=dict(type='ResNet', depth=50))\n`,
  );
  const pipeline = [
    { type: 'LoadImageFromFile' },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'Resize', scale: [1333, 800], keep_ratio: true },
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'PackDetInputs' },
  ];
  expect(config.train_pipeline).toEqual(pipeline);
  expect(config.train_dataloader).toMatchObject({
    batch_size: 4,
    num_workers: 3,
    dataset: {
      type: 'CocoDataset',
      ann_file: 'data/a.json',
      data_prefix: { img: 'data/train/' },
      metainfo: { classes: ['a', 'b'] },
      filter_cfg: { filter_empty_gt: true, min_size: 32 },
      pipeline,
    },
  });
  expect(config.test_dataloader.dataset.pipeline.map(({ type }: Untyped) => type)).toEqual([
    'LoadImageFromFile',
    'Resize',
    'LoadAnnotations',
    'PackDetInputs',
  ]);
  expect(config.val_evaluator).toEqual({
    type: 'CocoMetric',
    ann_file: 'data/b.json',
    metric: 'bbox',
    format_only: false,
  });
  expect(config.model).toEqual({
    type: 'FasterRCNN',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [1, 2, 3],
      std: [4, 5, 6],
      bgr_to_rgb: true,
      pad_size_divisor: 32,
    },
    backbone: { type: 'ResNet', depth: 50, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet50' } },
  });
  expect(changes).toContain('data.samples_per_gpu -> train_dataloader.batch_size');
  expect(changes).toContain('model.pretrained -> model.backbone.init_cfg');
  expect(config).not.toHaveProperty('data');
});

test('the schedule of 2.x is that of 3.x', () => {
  const { config } = migrated(`${SCHEDULE}evaluation = dict(interval=2)`);
  expect(config).toEqual({
    optim_wrapper: {
      type: 'OptimWrapper',
      optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 },
      clip_grad: { max_norm: 35, norm_type: 2 },
    },
    param_scheduler: [
      { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
      { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
    ],
    train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 12, val_interval: 2 },
    default_hooks: {
      checkpoint: { type: 'CheckpointHook', interval: 1 },
      logger: { type: 'LoggerHook', interval: 50 },
    },
    resume: false,
  });
});

test('sizes to choose from, policies, and half precision', () => {
  const { config } = migrated(`train_pipeline = [
    dict(type='Resize', img_scale=[(480, 1333), (800, 1333)], multiscale_mode='value', keep_ratio=True),
    dict(type='Resize', img_scale=[(480, 1333), (800, 1333)], keep_ratio=True),
    dict(type='Resize', img_scale=(640, 640), ratio_range=(0.5, 2.0)),
    dict(type='AutoAugment', policies=[[dict(type='RandomFlip', flip_ratio=0.)], [dict(type='Resize', img_scale=(1, 2), override=True)]])]
fp16 = dict(loss_scale=512.)
optimizer = dict(type='AdamW', lr=0.1, paramwise_cfg=dict(norm_decay_mult=0))
total_epochs = 3
lr_config = dict(policy='CosineAnnealing', min_lr=0)
`);
  expect(config.train_pipeline).toEqual([
    {
      type: 'RandomChoiceResize',
      scales: [
        [480, 1333],
        [800, 1333],
      ],
      keep_ratio: true,
    },
    {
      type: 'RandomResize',
      scale: [
        [480, 1333],
        [800, 1333],
      ],
      keep_ratio: true,
    },
    { type: 'RandomResize', scale: [640, 640], ratio_range: [0.5, 2], keep_ratio: true },
    {
      type: 'RandomChoice',
      transforms: [[{ type: 'RandomFlip', prob: 0 }], [{ type: 'Resize', scale: [1, 2], keep_ratio: true }]],
    },
  ]);
  expect(config.optim_wrapper).toEqual({
    type: 'AmpOptimWrapper',
    loss_scale: 512,
    optimizer: { type: 'AdamW', lr: 0.1 },
    paramwise_cfg: { norm_decay_mult: 0 },
  });
  expect(config.param_scheduler).toEqual([
    { type: 'CosineAnnealingLR', begin: 0, end: 3, by_epoch: true, T_max: 3, eta_min: 0 },
  ]);
});

test("DETR's transformer leaves the head", () => {
  const layers = (attention: string) =>
    `transformerlayers=dict(attn_cfgs=${attention}, feedforward_channels=2048, ffn_dropout=0.1, ffn_cfgs=dict(embed_dims=192))`;
  const attention = "dict(type='MultiheadAttention', embed_dims=192, num_heads=8, dropout=0.1)";
  const { config } = migrated(`optimizer = dict(type='AdamW')
custom_imports = dict(imports=['mmcls.models'], allow_failed_imports=False)
model = dict(type='DETR', backbone=dict(type='mmcls.VisionTransformer', arch='deit-tiny'),
    bbox_head=dict(type='DETRHead', num_classes=20, in_channels=192, num_query=50, transformer=dict(type='Transformer',
        encoder=dict(type='DetrTransformerEncoder', num_layers=6, ${layers(`[${attention}]`)}),
        decoder=dict(type='DetrTransformerDecoder', return_intermediate=True, num_layers=6, ${layers(attention)})),
        positional_encoding=dict(type='SinePositionalEncoding', num_feats=int(192 // 2), normalize=True)),
    train_cfg=dict(assigner=dict(type='HungarianAssigner', cls_cost=dict(type='ClassificationCost', weight=1.))))
`);
  const ffn = {
    embed_dims: 192,
    feedforward_channels: 2048,
    num_fcs: 2,
    ffn_drop: 0.1,
    act_cfg: { type: 'ReLU', inplace: true },
  };
  const attend = { embed_dims: 192, num_heads: 8, dropout: 0.1, batch_first: true };
  expect(config.model).toEqual({
    type: 'DETR',
    num_queries: 50,
    backbone: { type: 'mmpretrain.VisionTransformer', arch: 'deit-tiny' },
    neck: {
      type: 'ChannelMapper',
      in_channels: [192],
      kernel_size: 1,
      out_channels: 192,
      act_cfg: null,
      norm_cfg: null,
      num_outs: 1,
    },
    encoder: { num_layers: 6, layer_cfg: { self_attn_cfg: attend, ffn_cfg: ffn } },
    decoder: {
      num_layers: 6,
      layer_cfg: { self_attn_cfg: attend, cross_attn_cfg: attend, ffn_cfg: ffn },
      return_intermediate: true,
    },
    positional_encoding: { num_feats: 96, normalize: true },
    bbox_head: { type: 'DETRHead', num_classes: 20, embed_dims: 192 },
    train_cfg: { assigner: { type: 'HungarianAssigner', match_costs: [{ type: 'ClassificationCost', weight: 1 }] } },
  });
  expect(config.custom_imports.imports).toEqual(['mmpretrain.models']);
});

test('a dataset of 1.x that holds its own pipeline', () => {
  const { config } = migrated(`data = dict(imgs_per_gpu=2, workers_per_gpu=2, train=dict(type='CustomDataset',
    ann_file='a.json', img_prefix='train/', img_scale=(1333, 800), img_norm_cfg=dict(mean=[1], std=[2], to_rgb=True),
    size_divisor=32, flip_ratio=0.5, with_mask=False, with_crowd=True, with_label=True))
model = dict(type='RetinaNet')
`);
  expect(config.train_dataloader.batch_size).toBe(2);
  expect(config.train_dataloader.dataset.pipeline).toEqual([
    { type: 'LoadImageFromFile', backend_args: null },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'Resize', scale: [1333, 800], keep_ratio: true },
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'PackDetInputs' },
  ]);
  expect(config.model.data_preprocessor).toMatchObject({ mean: [1], pad_size_divisor: 32 });
});

test('a config of 3.x stays as it is', () => {
  const { config, changes } = migrated(
    "model = dict(type='A')\ntrain_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)",
  );
  expect(changes).toEqual([]);
  expect(config).toEqual({ model: { type: 'A' }, train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 1 } });
});
