import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { test_cfg } from '../_base_/models/dense';
import { p3_to_p7_relu } from '../_base_/necks/fpn';
import { torchvision_pixels } from '../_base_/pixels';

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
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: p3_to_p7_relu,
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
    test_cfg,
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
