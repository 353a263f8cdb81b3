// Whole trees of 1.x and 2.x: the files of test/golden/old-configs, which were written for this, as one config of 3.x.

import path from 'node:path';
import { expect, test } from 'vitest';
import { checkModel } from '../../src/catalogue/check-model';
import { type ConfigObject, loadConfig, migrateConfig } from '../../src/config';
import { catalogue } from '../../src/lab/catalogue';
import { complaint, scratch } from './scratch';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
type Untyped = Record<string, any>;

const old = (file: string) => path.join(__dirname, '../golden/old-configs', file);
const migrated = (file: string) => {
  const { config, changes, left } = migrateConfig(loadConfig(file).config);
  return { config: config as Untyped, changes: changes.map(({ from, to }) => `${from} -> ${to}`), left };
};
const own = (name: string) => loadConfig(name).config as Untyped;
/** What two objects say differently, by the keys they both have. */
const common = (a: Untyped, b: Untyped): Untyped =>
  Object.fromEntries(
    Object.keys(a)
      .filter((key) => key in b)
      .map((key) => [key, a[key]]),
  );

test('a config of 2.x on bases of 2.x', () => {
  const { config, changes, left } = migrated(old('2.x/birds/retinanet_r18_fpn_24e_birds.py'));
  expect(left).toEqual([]);
  expect(config.train_dataloader).toEqual({
    batch_size: 4,
    num_workers: 2,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: 'RepeatDataset',
      times: 2,
      dataset: {
        type: 'CocoDataset',
        data_root: 'data/birds/',
        ann_file: 'annotations/train.json',
        data_prefix: { img: 'train/' },
        metainfo: { classes: ['robin', 'wren', 'magpie'] },
        filter_cfg: { filter_empty_gt: false, min_size: 32 },
        pipeline: config.train_pipeline,
      },
    },
  });
  expect(config.test_dataloader.dataset).toEqual({
    type: 'CocoDataset',
    data_root: 'data/birds/',
    ann_file: 'annotations/test.json',
    data_prefix: { img: 'test/' },
    metainfo: { classes: ['robin', 'wren', 'magpie'] },
    test_mode: true,
    pipeline: config.test_pipeline,
  });
  expect(config.val_evaluator).toMatchObject({ ann_file: 'data/birds/annotations/val.json', classwise: true });
  expect(config.optim_wrapper).toEqual({
    type: 'AmpOptimWrapper',
    loss_scale: 512,
    optimizer: { type: 'SGD', lr: 0.005, momentum: 0.9, weight_decay: 0.0001 },
    paramwise_cfg: { norm_decay_mult: 0 },
    clip_grad: { max_norm: 35, norm_type: 2 },
  });
  expect(config.train_cfg).toEqual({ type: 'EpochBasedTrainLoop', max_epochs: 24, val_interval: 2 });
  expect(config.param_scheduler[1]).toMatchObject({ milestones: [16, 22], end: 24 });
  expect(config.default_hooks).toEqual({
    checkpoint: { type: 'CheckpointHook', interval: 2, max_keep_ckpts: 3, save_best: 'coco/bbox_mAP' },
    logger: { type: 'LoggerHook', interval: 20 },
  });
  expect(config.visualizer.vis_backends).toEqual([{ type: 'LocalVisBackend' }, { type: 'TensorboardVisBackend' }]);
  expect(config.env_cfg).toEqual({
    mp_cfg: { mp_start_method: 'fork', opencv_num_threads: 0 },
    dist_cfg: { backend: 'nccl' },
  });
  expect(config.custom_hooks).toBeUndefined();
  expect(changes).toContain('train_cfg -> model.train_cfg');
  // said once, however often the pipeline is used
  expect(changes.filter((line) => line.includes('MultiScaleFlipAug'))).toHaveLength(1);
  // all that the model of the catalogue says, this one says too
  const { bbox_head, neck, ...model } = config.model;
  expect(common(own('retinanet_r18_fpn_1x_coco').model, model)).toMatchObject({
    ...model,
    backbone: { ...model.backbone },
    train_cfg: { ...model.train_cfg },
  });
  checkModel(config.model, catalogue);
});

test('a config of 1.x is the cascade of 3.x', () => {
  const { config, left } = migrated(old('1.x/cascade_mask_rcnn_r50_fpn_1x.py'));
  checkModel(config.model, catalogue);
  const reference = own('cascade-mask-rcnn_r50_fpn_1x_coco');
  const { backbone, roi_head, rpn_head, data_preprocessor, test_cfg } = config.model;
  expect(data_preprocessor).toEqual(reference.model.data_preprocessor);
  expect(rpn_head).toEqual({ ...reference.model.rpn_head, loss_bbox: rpn_head.loss_bbox });
  expect(backbone).toMatchObject({
    dcn: { type: 'DCN', deform_groups: 1, fallback_on_stride: false },
    init_cfg: { checkpoint: 'torchvision://resnet50' },
  });
  expect(roi_head).toMatchObject({ type: 'CascadeRoIHead', num_stages: 2, stage_loss_weights: [1, 0.5] });
  expect(roi_head.bbox_head).toEqual(reference.model.roi_head.bbox_head.slice(0, 2));
  expect(roi_head.mask_head).toEqual({
    ...reference.model.roi_head.mask_head,
    upsample_cfg: { type: 'deconv', scale_factor: 2 },
  });
  expect(test_cfg).toEqual(reference.model.test_cfg);
  expect(config.train_dataloader.dataset.pipeline[1]).toEqual({
    type: 'LoadAnnotations',
    with_bbox: true,
    with_mask: true,
  });
  expect(config.val_evaluator.metric).toEqual(['bbox', 'segm']);
  expect(config.test_dataloader).toBeUndefined();
  expect(left.map(({ path }) => path)).toEqual(['model']);
});

test("a config of 2.x on MMDetection's own bases, which are not there: DetLab's stand for them", () => {
  const folder = scratch({
    'project/configs/birds/mask_rcnn_birds.py': `
_base_ = ['../_base_/models/mask_rcnn_r50_fpn.py', '../_base_/datasets/coco_instance.py',
          '../_base_/schedules/schedule_1x.py', '../../mmdetection/configs/_base_/default_runtime.py']
model = dict(roi_head=dict(bbox_head=dict(num_classes=3), mask_head=dict(num_classes=3)))
data = dict(samples_per_gpu=4, train=dict(ann_file='birds/train.json', img_prefix='birds/train/', classes=('a', 'b', 'c')),
            val=dict(ann_file='birds/val.json'))
optimizer = dict(lr=0.0025)
optimizer_config = dict(grad_clip=dict(max_norm=1))
lr_config = dict(policy='step', step=[7])
runner = dict(max_epochs=8)
log_config = dict(interval=100)
checkpoint_config = dict(interval=4)
`,
  });
  const loaded = loadConfig(path.join(folder, 'project/configs/birds/mask_rcnn_birds.py'));
  expect(loaded.notices).toEqual([
    expect.stringMatching(
      /^mask_rcnn_birds.py: missing base configs replaced by DetLab's: ..\/_base_\/models\/mask_rcnn_r50_fpn.py -> _base_.models.mask-rcnn_r50_fpn.ts, .*default_runtime.ts$/,
    ),
  ]);
  const config = migrateConfig(loaded.config).config as Untyped;
  const base = own('mask-rcnn_r50_fpn_1x_coco');
  expect(config.model).toEqual({
    ...base.model,
    roi_head: {
      ...base.model.roi_head,
      bbox_head: { ...base.model.roi_head.bbox_head, num_classes: 3 },
      mask_head: { ...base.model.roi_head.mask_head, num_classes: 3 },
    },
  });
  expect(config.train_dataloader).toEqual({
    ...base.train_dataloader,
    batch_size: 4,
    dataset: {
      ...omit(base.train_dataloader.dataset, 'data_root'),
      ann_file: 'birds/train.json',
      data_prefix: { img: 'birds/train/' },
      metainfo: { classes: ['a', 'b', 'c'] },
    },
  });
  expect(config.val_dataloader.dataset).toMatchObject({
    ann_file: 'birds/val.json',
    data_prefix: { img: 'data/coco/val2017/' },
  });
  expect(config.val_evaluator).toEqual({ ...base.val_evaluator, ann_file: 'birds/val.json' });
  expect(config.test_dataloader).toEqual(base.test_dataloader);
  expect(config.optim_wrapper).toEqual({
    ...base.optim_wrapper,
    optimizer: { ...base.optim_wrapper.optimizer, lr: 0.0025 },
    clip_grad: { max_norm: 1 },
  });
  expect(config.param_scheduler).toEqual([
    base.param_scheduler[0],
    { ...base.param_scheduler[1], end: 8, milestones: [7] },
  ]);
  expect(config.train_cfg).toEqual({ ...base.train_cfg, max_epochs: 8 });
  expect(config.default_hooks).toEqual({
    ...base.default_hooks,
    logger: { type: 'LoggerHook', interval: 100 },
    checkpoint: { type: 'CheckpointHook', interval: 4 },
  });
});

const omit = (object: ConfigObject, key: string): ConfigObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

test('a bare name of 2.x, and a name of a config that nobody has', () => {
  const folder = scratch({
    'a.py': "_base_ = './faster_rcnn_r50_fpn_1x_coco.py'\ntotal_epochs = 3\n",
    'b.py': "_base_ = '../faster_rcnn/faster_rcnn_r51_fpn_1x_coco.py'\n",
    'c.py': "_base_ = './faster_rcnn_r50_fpn_1x_coco.py'\n",
    'sub/faster-rcnn_r50_fpn_1x_coco.py': 'a = 1',
    'sub/c.py': "_base_ = './faster_rcnn_r50_fpn_1x_coco.py'\n",
  });
  const { config } = migrateConfig(loadConfig(path.join(folder, 'a.py')).config) as Untyped;
  expect(config.model).toEqual(own('faster-rcnn_r50_fpn_1x_coco').model);
  expect(config.train_cfg.max_epochs).toBe(3);
  expect(config.param_scheduler[1].end).toBe(3);
  expect(complaint(() => loadConfig(path.join(folder, 'b.py')))).toMatch(/no config "..\/faster_rcnn\/faster_rcnn_r51/);
  expect(complaint(() => loadConfig(path.join(folder, 'sub/c.py')))).toMatch(
    /Did you mean "faster-rcnn_r50_fpn_1x_coco"/,
  );
});

test('other tasks are refused', () => {
  const panoptic = scratch({ 'a.py': "model = dict(type='PanopticFPN')\ndata = dict(samples_per_gpu=1)" });
  expect(complaint(() => migrated(path.join(panoptic, 'a.py')))).toMatch(
    /Cannot translate a config of panoptic segmentation \(PanopticFPN\).*Start from a detection config/,
  );
  const semantic = scratch({ 'a.py': "model = dict(type='EncoderDecoder', pretrained='x')" });
  expect(complaint(() => migrated(path.join(semantic, 'a.py')))).toMatch(/semantic segmentation/);
});
