import { defineConfig } from '../../src/catalogue/define-config';
import { p3_to_p7_relu } from '../_base_/necks/fpn';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'FCOS',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [102.9801, 115.9465, 122.7717],
      std: [1.0, 1.0, 1.0],
      bgr_to_rgb: false,
      pad_size_divisor: 32,
    },
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron/resnet50_caffe' },
    },
    neck: p3_to_p7_relu,
    bbox_head: {
      type: 'FCOSHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      strides: [8, 16, 32, 64, 128],
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2.0, alpha: 0.25, loss_weight: 1.0 },
      loss_bbox: { type: 'IoULoss', loss_weight: 1.0 },
      loss_centerness: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.0 },
    },
    test_cfg: {
      nms_pre: 1000,
      min_bbox_size: 0,
      score_thr: 0.05,
      nms: { type: 'nms', iou_threshold: 0.5 },
      max_per_img: 100,
    },
  },
  param_scheduler: [
    { type: 'ConstantLR', factor: 0.3333333333333333, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  optim_wrapper: {
    optimizer: { lr: 0.01 },
    paramwise_cfg: { bias_lr_mult: 2.0, bias_decay_mult: 0.0 },
    clip_grad: { max_norm: 35, norm_type: 2 },
  },
});
