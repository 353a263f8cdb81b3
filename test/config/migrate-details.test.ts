// The corners of 2.x: steps of pipelines, data sets, policies of the learning rate, hooks, and what stays untranslated.

import path from 'node:path';
import { expect, test } from 'vitest';
import { type ConfigValue, loadConfig, migrateConfig, readConfigFile } from '../../src/config';
import { Random } from '../../src/random';
import { scratch } from './scratch';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
type Untyped = Record<string, any>;

const migrated = (text: string) => {
  const { config, changes, left } = migrateConfig(readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py')).config);
  return {
    config: config as Untyped,
    changes: changes.map(({ from, to }) => `${from} -> ${to}`),
    left: left.map(({ path, advice }) => `${path}: ${advice}`),
  };
};
const pipeline = (...steps: string[]) =>
  migrated(`train_pipeline = [${steps.join(', ')}, dict(type='Collect', keys=['img'])]`);

test('sizes of 2.x are (height, width), of 3.x (width, height)', () => {
  const { config, left } = pipeline(
    "dict(type='Mosaic', img_scale=(480, 640), pad_val=114.0, skip_filter=False)",
    "dict(type='RandomAffine', border=(-240, -320))",
    "dict(type='RandomCrop', crop_size=(384, 600))",
    "dict(type='RandomCrop', crop_type='absolute_range', crop_size=(384, 600))",
    "dict(type='Pad', size=(480, 640), pad_val=dict(img=(114, 114, 114)))",
    "dict(type='RandomShift', shift_ratio=0.3, max_shift_px=32)",
  );
  expect(config.train_pipeline).toEqual([
    { type: 'Mosaic', img_scale: [640, 480], pad_val: 114 },
    { type: 'RandomAffine', border: [-320, -240] },
    { type: 'RandomCrop', crop_size: [600, 384] },
    { type: 'RandomCrop', crop_type: 'absolute_range', crop_size: [384, 600] },
    { type: 'Pad', size: [640, 480], pad_val: { img: [114, 114, 114] } },
    { type: 'RandomShift', prob: 0.3, max_shift_px: 32 },
    { type: 'PackDetInputs' },
  ]);
  expect(left).toEqual([]);
});

test('padding to one size after normalising belongs to the data preprocessor', () => {
  const { config } = migrated(`model = dict(type='RetinaNet')
train_pipeline = [dict(type='LoadAnnotations', with_mask=True), dict(type='Normalize', mean=[1], std=[2], to_rgb=False),
    dict(type='Pad', size=(480, 640)), dict(type='Collect', keys=['img'])]`);
  expect(config.model.data_preprocessor).toEqual({
    type: 'DetDataPreprocessor',
    mean: [1],
    std: [2],
    bgr_to_rgb: false,
    pad_mask: true,
    pad_size_divisor: 1,
    batch_augments: [{ type: 'BatchFixedSizePad', size: [480, 640], pad_mask: true }],
  });
});

test('proposals move with the boxes', () => {
  const { config } = pipeline(
    "dict(type='LoadImageFromFile')",
    "dict(type='LoadProposals', num_max_proposals=2000)",
    "dict(type='LoadAnnotations', with_bbox=True)",
    "dict(type='Resize', img_scale=(1333, 800), keep_ratio=True)",
    "dict(type='RandomFlip', flip_ratio=0.5)",
    "dict(type='ToTensor', keys=['proposals'])",
    "dict(type='ToDataContainer', fields=[dict(key='proposals', stack=False)])",
  );
  expect(config.train_pipeline.slice(2)).toEqual([
    { type: 'LoadAnnotations', with_bbox: true },
    {
      type: 'ProposalBroadcaster',
      transforms: [
        { type: 'Resize', scale: [1333, 800], keep_ratio: true },
        { type: 'RandomFlip', prob: 0.5 },
      ],
    },
    { type: 'PackDetInputs' },
  ]);
});

test('test-time augmentation is a pipeline of its own', () => {
  const { config, changes } =
    migrated(`model = dict(type='RetinaNet', test_cfg=dict(nms=dict(type='nms', iou_threshold=0.6), max_per_img=50))
test_pipeline = [dict(type='LoadImageFromFile', to_float32=True), dict(type='MultiScaleFlipAug',
    img_scale=[(1333, 800), (2000, 1200)], flip=True, flip_direction=['horizontal', 'vertical'], transforms=[
    dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'), dict(type='Normalize', mean=[1], std=[2]),
    dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])])]`);
  expect(config.test_pipeline.map(({ type }: Untyped) => type)).toEqual([
    'LoadImageFromFile',
    'Resize',
    'LoadAnnotations',
    'PackDetInputs',
  ]);
  expect(config.tta_model).toEqual({
    type: 'DetTTAModel',
    tta_cfg: { nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 50 },
  });
  expect(config.tta_pipeline).toEqual([
    { type: 'LoadImageFromFile', to_float32: true },
    {
      type: 'TestTimeAug',
      transforms: [
        [
          { type: 'Resize', keep_ratio: true, scale: [1333, 800] },
          { type: 'Resize', keep_ratio: true, scale: [2000, 1200] },
        ],
        [
          { type: 'RandomFlip', prob: 1 },
          { type: 'RandomFlip', prob: 1, direction: 'vertical' },
          { type: 'RandomFlip', prob: 0 },
        ],
        [{ type: 'LoadAnnotations', with_bbox: true }],
        [
          {
            type: 'PackDetInputs',
            meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction'],
          },
        ],
      ],
    },
  ]);
  expect(changes).toContain(
    'test_pipeline[1] MultiScaleFlipAug -> its first scale without flips; all scales and flips in tta_pipeline, with tta_model',
  );
});

test('data sets: two years of VOC, wrappers, and a format of 2.x that is no more', () => {
  const { config, left, changes } = migrated(`data_root = 'data/VOCdevkit/'
data = dict(samples_per_gpu=2, workers_per_gpu=0,
    train=dict(type='RepeatDataset', times=3, dataset=dict(type='VOCDataset', pipeline=[],
        ann_file=[data_root + 'VOC2007/trainval.txt', data_root + 'VOC2012/trainval.txt'],
        img_prefix=[data_root + 'VOC2007/', data_root + 'VOC2012/'])),
    val=[dict(type='VOCDataset', ann_file='a.txt', img_prefix='VOC2012/')],
    test=dict(type='CustomDataset', ann_file='test.pkl', img_prefix='test/', clases=('a',)),
    train_dataloader=dict(class_aware_sampler=dict(num_sample_class=1)))
evaluation = dict(interval=1, metric='mAP', save_best='mAP')
`);
  const voc = (year: string) => ({
    type: 'VOCDataset',
    data_root: 'data/VOCdevkit/',
    ann_file: `${year}/trainval.txt`,
    data_prefix: { sub_data_root: `${year}/` },
    filter_cfg: { filter_empty_gt: true, min_size: 32 },
    pipeline: [],
  });
  expect(config.train_dataloader).toEqual({
    batch_size: 2,
    num_workers: 0,
    persistent_workers: false,
    sampler: { type: 'ClassAwareSampler', num_sample_class: 1 },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: 'RepeatDataset',
      times: 3,
      dataset: { type: 'ConcatDataset', ignore_keys: ['dataset_type'], datasets: [voc('VOC2007'), voc('VOC2012')] },
    },
  });
  expect(config.val_evaluator).toEqual({ type: 'VOCMetric', metric: 'mAP', eval_mode: 'area' });
  expect(config.default_hooks.checkpoint.save_best).toBe('pascal_voc/mAP');
  expect(changes).toContain('data.train.dataset.ann_file (a list) -> ConcatDataset of as many data sets');
  expect(left).toEqual([
    'data.test.clases: not a key of MMDetection 2.x. Did you mean "classes"?',
    "data.test.type: CustomDataset is no data set of 3.x. Convert its annotations to COCO's format and write type='CocoDataset' with metainfo=dict(classes=(...))",
  ]);
});

const schedule = (lr: string, loop = "runner = dict(type='EpochBasedRunner', max_epochs=10)") =>
  migrated(`optimizer = dict(type='SGD', lr=0.1)\n${loop}\nlr_config = dict(${lr})`);

test('policies of the learning rate', () => {
  const rules = (lr: string, loop?: string) => schedule(lr, loop).config.param_scheduler;
  const whole = { begin: 0, end: 10, by_epoch: true };
  expect(rules("policy='poly', power=0.9, min_lr=1e-4, by_epoch=False")).toEqual([
    { type: 'PolyLR', ...whole, convert_to_iter_based: true, power: 0.9, eta_min: 1e-4 },
  ]);
  expect(
    rules("policy='poly', power=0.9, by_epoch=False", "runner = dict(type='IterBasedRunner', max_iters=400)"),
  ).toEqual([{ type: 'PolyLR', begin: 0, end: 400, by_epoch: false, power: 0.9, eta_min: 0 }]);
  expect(rules("policy='step', step=3, gamma=0.5, warmup='constant', warmup_iters=50, warmup_ratio=1.0 / 3")).toEqual([
    { type: 'ConstantLR', factor: 1 / 3, by_epoch: false, begin: 0, end: 50 },
    { type: 'StepLR', ...whole, step_size: 3, gamma: 0.5 },
  ]);
  expect(
    rules("policy='CosineAnnealing', min_lr_ratio=0.01, warmup='linear', warmup_iters=2, warmup_by_epoch=True"),
  ).toEqual([
    { type: 'LinearLR', start_factor: 0.1, by_epoch: true, begin: 0, end: 2, convert_to_iter_based: true },
    { type: 'CosineAnnealingLR', ...whole, T_max: 10, eta_min_ratio: 0.01 },
  ]);
  expect(rules("policy='FlatCosineAnnealing', start_percent=0.6, min_lr=0")).toEqual([
    { type: 'CosineAnnealingLR', begin: 6, end: 10, by_epoch: true, T_max: 4, eta_min: 0 },
  ]);
  expect(
    rules(
      "policy='YOLOX', warmup='exp', by_epoch=False, warmup_by_epoch=True, warmup_iters=2, warmup_ratio=1, num_last_epochs=3, min_lr_ratio=0.05",
    ),
  ).toEqual([
    { type: 'mmdet.QuadraticWarmupLR', by_epoch: true, begin: 0, end: 2, convert_to_iter_based: true },
    {
      type: 'CosineAnnealingLR',
      eta_min: 0.05 * 0.1,
      begin: 2,
      T_max: 7,
      end: 7,
      by_epoch: true,
      convert_to_iter_based: true,
    },
    { type: 'ConstantLR', by_epoch: true, factor: 1, begin: 7, end: 10 },
  ]);
  expect(rules("policy='fixed'")).toEqual([]);
});

test('what has no counterpart is named with its place', () => {
  expect(schedule("policy='cyclic', target_ratio=(10, 1e-4), cyclic_times=1").left).toEqual([
    expect.stringMatching(/^lr_config.policy: cyclic has no counterpart in 3.x.*Translated are fixed, step/),
  ]);
  expect(schedule("policy='step', step=[8], warmup='exp', warmup_iter=500").left).toEqual([
    'lr_config.warmup_iter: not a key of MMDetection 2.x. Did you mean "warmup_iters"?',
    expect.stringMatching(/^lr_config.warmup: exp: 3.x has no such warm-up; read as linear/),
  ]);
  const { left } = migrated(`data = dict(sample_per_gpu=2)
optimizer_config = dict(grad_clp=None)
checkpoint_config = dict(interval=1, max_keep=3)
evalution = dict(interval=1)
momentum_config = dict(policy='cyclic')
workflow = [('train', 1), ('val', 1)]
log_config = dict(interval=50, hooks=[dict(type='PaviLoggerHook')])
custom_hooks = [dict(type='Fp16OptimizerHook', loss_scale=1)]
train_pipeline = [dict(type='Resize', img_scal=(1, 2)), dict(type='Rotate', level=3), dict(type='Collect', keys=['img'])]
`);
  expect(left).toEqual([
    'evalution: means nothing to MMDetection. Did you mean "evaluation"?',
    'train_pipeline[0].img_scal: not a key of MMDetection 2.x. Did you mean "img_scale"?',
    'train_pipeline[1]: left out: 3.x has Rotate with other units (prob, level, min_mag, max_mag). Write it anew',
    'data.sample_per_gpu: not a key of MMDetection 2.x. Did you mean "samples_per_gpu"?',
    'optimizer_config.grad_clp: not a key of MMDetection 2.x. Did you mean "grad_clip"?',
    'momentum_config: 3.x moves the momentum by schedulers like CosineAnnealingMomentum: add one to param_scheduler',
    expect.stringMatching(
      /^checkpoint_config.max_keep: not a key of MMDetection 2.x. Known: interval, .*max_keep_ckpts/,
    ),
    'log_config.hooks[0]: PaviLoggerHook has no counterpart in 3.x',
    "custom_hooks[0]: set optim_wrapper.type to 'AmpOptimWrapper' instead",
    'workflow: 3.x computes no losses on validation images; it evaluates every train_cfg.val_interval',
  ]);
});

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

test('names that 3.x has given up are renewed in a config of 3.x too', () => {
  const { config, changes } = migrated(`optim_wrapper = dict(optimizer=dict(type='SGD'))
custom_imports = dict(imports=['mmcls.models'], allow_failed_imports=False)
model = dict(type='FasterRCNN', backbone=dict(_delete_=True, type='mmcls.ConvNeXt'), neck=dict(rfp_backbone=dict(pretrained='x')))
total_epochs = 3
train_cfg = dict(max_epochs=total_epochs)
train_pipeline = [dict(type='LoadImageFromFile', file_client_args=dict(backend='disk'))]`);
  expect(config.model.backbone.type).toBe('mmpretrain.ConvNeXt');
  expect(config.custom_imports.imports).toEqual(['mmpretrain.models']);
  expect(config.model.neck.rfp_backbone).toEqual({ init_cfg: { type: 'Pretrained', checkpoint: 'x' } });
  expect(config.train_pipeline).toEqual([{ type: 'LoadImageFromFile', backend_args: null }]);
  expect(config.train_cfg).toEqual({ max_epochs: 3 });
  expect(changes).toHaveLength(4);
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
    expect.stringMatching(/^model.bbox_head.transformer.type: MyTransformer is read as what 3.x has in its place/),
    'model.bbox_head.transformer.encoder.num_layer: not a key of MMDetection 2.x. Did you mean "num_layers"?',
    'model.bbox_head.transformer.encoder.transformerlayers.norm_cgf: not a key of MMDetection 2.x. Did you mean "norm_cfg"?',
  ]);
});

test('a section that is no dict is named, and nothing of a hook is lost', () => {
  const { left, changes } = migrated(`optimizer = 'SGD'
lr_config = [1]
checkpoint_config = dict(interval=1, create_symlink=False)
log_config = dict(hooks=[dict(type='MMDetWandbHook', init_kwargs=dict(project='a'), log_checkpoint=True)])
`);
  expect(left).toEqual([
    'optimizer: expected dict(...), received the string "SGD"',
    'lr_config: expected dict(...), received a list of 1',
    'log_config.hooks[0].log_checkpoint: WandbVisBackend has no such option',
  ]);
  expect(changes).toContain('checkpoint_config.create_symlink -> nothing: 3.x has no use for it');
});

test('mutilated configs are translated or refused, and never crash', () => {
  const trees = ['2.x/birds/retinanet_r18_fpn_24e_birds.py', '1.x/cascade_mask_rcnn_r50_fpn_1x.py'];
  const random = Random.seeded(5);
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)];
  const junk = () => pick<ConfigValue>([null, 0, -1, 'x', true, [], {}, [1, 2], [[1]], { type: 'X' }, [{ type: 1 }]]);
  for (const tree of trees) {
    const { config } = loadConfig(path.join(__dirname, '../golden/old-configs', tree));
    for (let round = 0; round < 300; round++) {
      const copy = structuredClone(config) as Untyped;
      for (let cut = 0; cut < 3; cut++) {
        let at = copy;
        let key = pick(Object.keys(at));
        while (
          typeof at[key] === 'object' &&
          at[key] !== null &&
          Object.keys(at[key]).length > 0 &&
          random.uniform() < 0.8
        ) {
          at = at[key];
          key = pick(Object.keys(at));
        }
        if (random.uniform() < 0.2) delete at[key];
        else at[key] = junk();
      }
      try {
        migrateConfig(copy);
      } catch (error) {
        expect((error as Error).name, (error as Error).stack).toBe('DetLabError');
      }
    }
  }
});
