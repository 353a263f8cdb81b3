import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50_caffe } from '../_base_/backbones/resnet50';
import { test_cfg } from '../_base_/models/dense';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'AutoAssign',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [102.9801, 115.9465, 122.7717],
      std: [1, 1, 1],
      bgr_to_rgb: false,
      pad_size_divisor: 32,
    },
    backbone: resnet50_caffe,
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 1,
      add_extra_convs: true,
      num_outs: 5,
      relu_before_extra_convs: true,
      init_cfg: { type: 'Caffe2Xavier', layer: 'Conv2d' },
    },
    bbox_head: {
      type: 'AutoAssignHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      strides: [8, 16, 32, 64, 128],
      loss_bbox: { type: 'GIoULoss', loss_weight: 5 },
    },
    train_cfg: null,
    test_cfg,
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  optim_wrapper: { optimizer: { lr: 0.01 }, paramwise_cfg: { norm_decay_mult: 0 } },
});
