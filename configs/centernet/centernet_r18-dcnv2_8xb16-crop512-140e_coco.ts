import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'PhotoMetricDistortion',
    brightness_delta: 32,
    contrast_range: [0.5, 1.5],
    saturation_range: [0.5, 1.5],
    hue_delta: 18,
  },
  {
    type: 'RandomCenterCropPad',
    crop_size: [512, 512],
    ratios: [0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3],
    mean: [0, 0, 0],
    std: [1, 1, 1],
    to_rgb: true,
    test_pad_mode: null,
  },
  { type: 'Resize', scale: [512, 512], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null, to_float32: true },
  {
    type: 'RandomCenterCropPad',
    ratios: null,
    border: null,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    to_rgb: true,
    test_mode: true,
    test_pad_mode: ['logical_or', 31],
    test_pad_add_pix: 1,
  },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'border'] },
];
const val_dataloader = { dataset: { pipeline: test_pipeline } };
export default defineConfig({
  _base_: [
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
    './centernet_tta',
  ],
  dataset_type: 'CocoDataset',
  data_root: 'data/coco/',
  model: {
    type: 'CenterNet',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
    },
    backbone: {
      type: 'ResNet',
      depth: 18,
      norm_eval: false,
      norm_cfg: { type: 'BN' },
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet18' },
    },
    neck: {
      type: 'CTResNetNeck',
      in_channels: 512,
      num_deconv_filters: [256, 128, 64],
      num_deconv_kernels: [4, 4, 4],
      use_dcn: true,
    },
    bbox_head: {
      type: 'CenterNetHead',
      num_classes: 80,
      in_channels: 64,
      feat_channels: 64,
      loss_center_heatmap: { type: 'GaussianFocalLoss', loss_weight: 1 },
      loss_wh: { type: 'L1Loss', loss_weight: 0.1 },
      loss_offset: { type: 'L1Loss', loss_weight: 1 },
    },
    train_cfg: null,
    test_cfg: { topk: 100, local_maximum_kernel: 3, max_per_img: 100 },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 16,
    num_workers: 4,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    dataset: {
      _delete_: true,
      type: 'RepeatDataset',
      times: 5,
      dataset: {
        type: 'CocoDataset',
        data_root: 'data/coco/',
        ann_file: 'annotations/instances_train2017.json',
        data_prefix: { img: 'train2017/' },
        filter_cfg: { filter_empty_gt: true, min_size: 32 },
        pipeline: train_pipeline,
        backend_args: null,
      },
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
  max_epochs: 28,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: 28, by_epoch: true, milestones: [18, 24], gamma: 0.1 },
  ],
  train_cfg: { max_epochs: 28 },
  auto_scale_lr: { base_batch_size: 128 },
});
