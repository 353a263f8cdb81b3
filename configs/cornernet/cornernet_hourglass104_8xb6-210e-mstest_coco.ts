import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const mean: [number, number, number] = [123.675, 116.28, 103.53];
const std: [number, number, number] = [58.395, 57.12, 57.375];
const data_preprocessor = { type: 'DetDataPreprocessor', mean, std, bgr_to_rgb: true } as const;
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
    crop_size: [511, 511],
    ratios: [0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3],
    test_mode: false,
    test_pad_mode: null,
    mean,
    std,
    to_rgb: true,
  },
  { type: 'Resize', scale: [511, 511], keep_ratio: false },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const wholeImage: TransformConfig = {
  type: 'RandomCenterCropPad',
  crop_size: null,
  ratios: null,
  border: null,
  test_mode: true,
  test_pad_mode: ['logical_or', 127],
  mean,
  std,
  to_rgb: true,
};
const load: TransformConfig = { type: 'LoadImageFromFile', to_float32: true, backend_args: null };
const test_pipeline: TransformConfig[] = [
  load,
  wholeImage,
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'border'] },
];
const val_dataloader = { dataset: { pipeline: test_pipeline } };

export default defineConfig({
  _base_: ['../_base_/default_runtime', '../_base_/datasets/coco_detection'],
  data_preprocessor,
  model: {
    type: 'CornerNet',
    data_preprocessor,
    backbone: {
      type: 'HourglassNet',
      downsample_times: 5,
      num_stacks: 2,
      stage_channels: [256, 256, 384, 384, 384, 512],
      stage_blocks: [2, 2, 2, 2, 2, 4],
      norm_cfg: { type: 'BN', requires_grad: true },
    },
    neck: null,
    bbox_head: {
      type: 'CornerHead',
      num_classes: 80,
      in_channels: 256,
      num_feat_levels: 2,
      corner_emb_channels: 1,
      loss_heatmap: { type: 'GaussianFocalLoss', alpha: 2, gamma: 4, loss_weight: 1 },
      loss_embedding: { type: 'AssociativeEmbeddingLoss', pull_weight: 0.1, push_weight: 0.1 },
      loss_offset: { type: 'SmoothL1Loss', beta: 1, loss_weight: 1 },
    },
    train_cfg: null,
    test_cfg: {
      corner_topk: 100,
      local_maximum_kernel: 3,
      distance_threshold: 0.5,
      score_thr: 0.05,
      max_per_img: 100,
      nms: { type: 'soft_nms', iou_threshold: 0.5, method: 'gaussian' },
    },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { batch_size: 6, num_workers: 3, batch_sampler: null, dataset: { pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'Adam', lr: 0.0005 },
    clip_grad: { max_norm: 35, norm_type: 2 },
  },
  max_epochs: 210,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 1 / 3, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 210, by_epoch: true, milestones: [180], gamma: 0.1 },
  ],
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 210, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  auto_scale_lr: { base_batch_size: 48 },
  tta_model: {
    type: 'DetTTAModel',
    tta_cfg: { nms: { type: 'soft_nms', iou_threshold: 0.5, method: 'gaussian' }, max_per_img: 100 },
  },
  tta_pipeline: [
    load,
    {
      type: 'TestTimeAug',
      transforms: [
        [
          { type: 'RandomFlip', prob: 1 },
          { type: 'RandomFlip', prob: 0 },
        ],
        [wholeImage],
        [{ type: 'LoadAnnotations', with_bbox: true }],
        [
          {
            type: 'PackDetInputs',
            meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction', 'border'],
          },
        ],
      ],
    },
  ],
});
