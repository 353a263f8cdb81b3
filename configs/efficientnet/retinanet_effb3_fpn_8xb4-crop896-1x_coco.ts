import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const image_size: [number, number] = [896, 896];
const batch_augments = [{ type: 'BatchFixedSizePad' as const, size: image_size }];
const norm_cfg = { type: 'BN' as const, requires_grad: true };
const checkpoint =
  'https://download.openmmlab.com/mmclassification/v0/efficientnet/efficientnet-b3_3rdparty_8xb32-aa_in1k_20220119-5b4887a0.pth';
const max_epochs = 12;
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomResize', scale: image_size, ratio_range: [0.8, 1.2], keep_ratio: true },
  { type: 'RandomCrop', crop_size: image_size },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: image_size, keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/schedules/schedule_1x',
    '../_base_/datasets/coco_detection',
    '../_base_/default_runtime',
  ],
  image_size,
  batch_augments,
  norm_cfg,
  checkpoint,
  model: {
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_size_divisor: 32,
      batch_augments,
    },
    backbone: {
      _delete_: true,
      type: 'EfficientNet',
      arch: 'b3',
      drop_path_rate: 0.2,
      out_indices: [3, 4, 5],
      frozen_stages: 0,
      norm_cfg: { type: 'SyncBN', requires_grad: true, eps: 1e-3, momentum: 0.01 },
      norm_eval: false,
      init_cfg: { type: 'Pretrained', prefix: 'backbone', checkpoint },
    },
    neck: {
      in_channels: [48, 136, 384],
      start_level: 0,
      out_channels: 256,
      relu_before_extra_convs: true,
      no_norm_on_lateral: true,
      norm_cfg,
    },
    bbox_head: { type: 'RetinaSepBNHead', num_ins: 5, norm_cfg },
    train_cfg: { assigner: { neg_iou_thr: 0.5 } },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { batch_size: 4, num_workers: 4, dataset: { pipeline: train_pipeline } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
  optim_wrapper: { optimizer: { lr: 0.04 }, paramwise_cfg: { norm_decay_mult: 0, bypass_duplicate: true } },
  max_epochs,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  train_cfg: { max_epochs },
  env_cfg: { cudnn_benchmark: true },
  // the learning rate above is for 8 GPUs with 4 images each
  auto_scale_lr: { base_batch_size: 32 },
});
