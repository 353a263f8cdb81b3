import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { test_cfg } from '../_base_/models/dense';
import { caffe_pixels } from '../_base_/pixels';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'RandomShift', prob: 0.5, max_shift_px: 32 },
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
    type: 'YOLOF',
    data_preprocessor: caffe_pixels,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron/resnet50_caffe' },
    },
    neck: {
      type: 'DilatedEncoder',
      in_channels: 2048,
      out_channels: 512,
      block_mid_channels: 128,
      num_residual_blocks: 4,
      block_dilations: [2, 4, 6, 8],
    },
    bbox_head: {
      type: 'YOLOFHead',
      num_classes: 80,
      in_channels: 512,
      reg_decoded_bbox: true,
      anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [1, 2, 4, 8, 16], strides: [32] },
      bbox_coder: {
        type: 'DeltaXYWHBBoxCoder',
        target_means: [0, 0, 0, 0],
        target_stds: [1, 1, 1, 1],
        add_ctr_clamp: true,
        ctr_clamp: 32,
      },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'GIoULoss', loss_weight: 1 },
    },
    train_cfg: {
      assigner: { type: 'UniformAssigner', pos_ignore_thr: 0.15, neg_ignore_thr: 0.7 },
      allowed_border: -1,
      pos_weight: -1,
      debug: false,
    },
    test_cfg,
  },
  optim_wrapper: {
    optimizer: { type: 'SGD', lr: 0.12, momentum: 0.9, weight_decay: 0.0001 },
    paramwise_cfg: { norm_decay_mult: 0, custom_keys: { backbone: { lr_mult: 0.3333333333333333 } } },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.00066667, by_epoch: false, begin: 0, end: 1500 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  train_pipeline,
  test_pipeline,
  train_dataloader: { batch_size: 8, num_workers: 8, dataset: { pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
  auto_scale_lr: { base_batch_size: 64 },
});
