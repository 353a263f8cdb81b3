// Whole configs of MMDetection 1.x and 2.x, translated to 3.x.

import path from 'node:path';
import { expect, test } from 'vitest';
import { type ConfigValue, loadConfig, migrateConfig } from '../../../src/config';
import { Random } from '../../../src/random';
import { migrated, schedule, type Untyped } from './migrated';

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
    const { config } = loadConfig(path.join(__dirname, '../../golden/old-configs', tree));
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

test('a config of 3.x stays as it is', () => {
  const { config, changes } = migrated(
    "model = dict(type='A')\ntrain_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)",
  );
  expect(changes).toEqual([]);
  expect(config).toEqual({ model: { type: 'A' }, train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 1 } });
});
