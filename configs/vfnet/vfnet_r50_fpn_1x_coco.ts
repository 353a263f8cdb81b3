import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const val_dataloader = { dataset: { pipeline: test_pipeline } };
export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'VFNet',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_size_divisor: 32,
    },
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet50' },
    },
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 1,
      add_extra_convs: 'on_output',
      num_outs: 5,
      relu_before_extra_convs: true,
    },
    bbox_head: {
      type: 'VFNetHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 3,
      feat_channels: 256,
      strides: [8, 16, 32, 64, 128],
      center_sampling: false,
      dcn_on_last_conv: false,
      use_atss: true,
      use_vfl: true,
      loss_cls: { type: 'VarifocalLoss', use_sigmoid: true, alpha: 0.75, gamma: 2, iou_weighted: true, loss_weight: 1 },
      loss_bbox: { type: 'GIoULoss', loss_weight: 1.5 },
      loss_bbox_refine: { type: 'GIoULoss', loss_weight: 2 },
    },
    train_cfg: { assigner: { type: 'ATSSAssigner', topk: 9 }, allowed_border: -1, pos_weight: -1, debug: false },
    test_cfg: {
      nms_pre: 1000,
      min_bbox_size: 0,
      score_thr: 0.05,
      nms: { type: 'nms', iou_threshold: 0.6 },
      max_per_img: 100,
    },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
  optim_wrapper: { optimizer: { lr: 0.01 }, paramwise_cfg: { bias_lr_mult: 2, bias_decay_mult: 0 }, clip_grad: null },
  max_epochs: 12,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  train_cfg: { max_epochs: 12 },
});
