// Detectron2's schedule: 90,000 iterations, images of six sizes read and resized by Pillow.

import type { MetricConfig, TransformConfig } from '../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';

const dataset_type = 'CocoDataset';
const data_root = 'data/coco/';
const backend_args = null;
const backend = 'pillow';
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args, imdecode_backend: backend },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'RandomChoiceResize',
    scales: [
      [1333, 640],
      [1333, 672],
      [1333, 704],
      [1333, 736],
      [1333, 768],
      [1333, 800],
    ],
    keep_ratio: true,
    backend,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args, imdecode_backend: backend },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true, backend },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  pin_memory: true,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: dataset_type,
    data_root,
    ann_file: 'annotations/instances_val2017.json',
    data_prefix: { img: 'val2017/' },
    test_mode: true,
    pipeline: test_pipeline,
    backend_args,
  },
};
const val_evaluator: MetricConfig = {
  type: 'CocoMetric',
  ann_file: 'data/coco/annotations/instances_val2017.json',
  metric: 'bbox',
  format_only: false,
  backend_args,
};
const max_iter = 90000;

export default defineConfig({
  _base_: '../_base_/default_runtime',
  dataset_type,
  data_root,
  backend_args,
  backend,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 2,
    num_workers: 2,
    persistent_workers: true,
    pin_memory: true,
    sampler: { type: 'InfiniteSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: dataset_type,
      data_root,
      ann_file: 'annotations/instances_train2017.json',
      data_prefix: { img: 'train2017/' },
      filter_cfg: { filter_empty_gt: true, min_size: 32 },
      pipeline: train_pipeline,
      backend_args,
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
  max_iter,
  train_cfg: { type: 'IterBasedTrainLoop', max_iters: max_iter, val_interval: 10000 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: max_iter, by_epoch: false, milestones: [60000, 80000], gamma: 0.1 },
  ],
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 } },
  auto_scale_lr: { enable: false, base_batch_size: 16 },
  default_hooks: { checkpoint: { by_epoch: false, interval: 10000 } },
  log_processor: { by_epoch: false },
});
