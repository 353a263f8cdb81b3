// The corners of 2.x: steps of pipelines, data sets, policies of the learning rate, hooks, and what stays untranslated.

import path from 'node:path';
import { expect, test } from 'vitest';
import { type ConfigValue, loadConfig, migrateConfig } from '../../src/config';
import { Random } from '../../src/random';
import { migrated, type Untyped } from './migrated';

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

test('images stay bytes until a step needs floats, but where one wants them from the start', () => {
  const load = "dict(type='LoadImageFromFile', to_float32=True)";
  const { config, changes } = pipeline(load, "dict(type='PhotoMetricDistortion')");
  expect(config.train_pipeline[0]).toEqual({ type: 'LoadImageFromFile' });
  expect(changes).toContain('train_pipeline: to_float32 -> dropped: steps that need floats convert to them');
  const centred = pipeline(load, "dict(type='RandomCenterCropPad', crop_size=(512, 640))").config.train_pipeline;
  expect(centred.slice(0, 2)).toEqual([
    { type: 'LoadImageFromFile', to_float32: true },
    { type: 'RandomCenterCropPad', crop_size: [640, 512] },
  ]);
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
    { type: 'LoadImageFromFile' },
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
  expect(changes).toContain('data.train.dataset.ann_file (a list) -> ConcatDataset');
  expect(left).toEqual([
    'data.test.clases: not a key of MMDetection 2.x. Did you mean "classes"?',
    "data.test.type: 3.x has no CustomDataset. Convert its annotations to COCO's format and use type='CocoDataset' with metainfo=dict(classes=(...))",
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
    expect.stringMatching(/^lr_config.policy: cyclic has no counterpart in 3.x.*Translated policies: fixed, step/),
  ]);
  expect(schedule("policy='step', step=[8], warmup='exp', warmup_iter=500").left).toEqual([
    'lr_config.warmup_iter: not a key of MMDetection 2.x. Did you mean "warmup_iters"?',
    expect.stringMatching(/^lr_config.warmup: exp: 3.x has no such warm-up; replaced by a linear one/),
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
    'evalution: not a key of MMDetection. Did you mean "evaluation"?',
    'train_pipeline[0].img_scal: not a key of MMDetection 2.x. Did you mean "img_scale"?',
    'train_pipeline[1]: not translated: 3.x has Rotate with different units (prob, level, min_mag, max_mag). Rewrite it',
    'data.sample_per_gpu: not a key of MMDetection 2.x. Did you mean "samples_per_gpu"?',
    'optimizer_config.grad_clp: not a key of MMDetection 2.x. Did you mean "grad_clip"?',
    'momentum_config: 3.x schedules momentum by schedulers like CosineAnnealingMomentum: add one to param_scheduler',
    expect.stringMatching(
      /^checkpoint_config.max_keep: not a key of MMDetection 2.x. Known: interval, .*max_keep_ckpts/,
    ),
    'log_config.hooks[0]: PaviLoggerHook has no counterpart in 3.x',
    "custom_hooks[0]: set optim_wrapper.type to 'AmpOptimWrapper' instead",
    'workflow: 3.x computes no losses on validation images; it evaluates every train_cfg.val_interval',
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
  expect(changes).toContain('checkpoint_config.create_symlink -> dropped: 3.x does not need it');
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
