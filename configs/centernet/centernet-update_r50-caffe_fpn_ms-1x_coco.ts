import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50_caffe } from '../_base_/backbones/resnet50';
import { test_cfg } from '../_base_/models/dense';
import { caffe_pixels } from '../_base_/pixels';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
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
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'CenterNet',
    data_preprocessor: caffe_pixels,
    backbone: resnet50_caffe,
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 1,
      add_extra_convs: 'on_output',
      num_outs: 5,
      init_cfg: { type: 'Caffe2Xavier', layer: 'Conv2d' },
      relu_before_extra_convs: true,
    },
    bbox_head: {
      type: 'CenterNetUpdateHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      strides: [8, 16, 32, 64, 128],
      hm_min_radius: 4,
      hm_min_overlap: 0.8,
      more_pos_thresh: 0.2,
      more_pos_topk: 9,
      soft_weight_on_reg: false,
      loss_cls: { type: 'GaussianFocalLoss', pos_weight: 0.25, neg_weight: 0.75, loss_weight: 1 },
      loss_bbox: { type: 'GIoULoss', loss_weight: 2 },
    },
    train_cfg: null,
    test_cfg,
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.00025, by_epoch: false, begin: 0, end: 4000 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  optim_wrapper: { optimizer: { lr: 0.01 }, paramwise_cfg: { norm_decay_mult: 0 } },
  auto_scale_lr: { base_batch_size: 16 },
});
