import type { TransformConfig } from '../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';
import town from '../_base_/datasets/toytown';

// YOLOv8-n from nothing on generated street scenes, a few minutes on two CPU cores: Mosaic, YOLOv5's affine map and colours,
// averaged weights, and the last epochs without Mosaic, as MMYOLO trains it. Warm-up and averages are as short as the run.
const max_epochs = 12;
const close_mosaic_epochs = 3;

const pre_transform: TransformConfig[] = [{ type: 'LoadImageFromFile' }, { type: 'LoadAnnotations', with_bbox: true }];
const affine = {
  type: 'YOLOv5RandomAffine',
  max_rotate_degree: 0,
  max_shear_degree: 0,
  max_aspect_ratio: 100,
} as const;
const last_transform: TransformConfig[] = [
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const train_pipeline: TransformConfig[] = [
  ...pre_transform,
  { type: 'Mosaic', img_scale: [320, 256], pad_val: 114, pre_transform },
  { ...affine, scaling_ratio_range: [0.5, 1.5], border: [-160, -128] },
  ...last_transform,
];
const train_pipeline_stage2: TransformConfig[] = [
  ...pre_transform,
  { type: 'YOLOv5KeepRatioResize', scale: [320, 256] },
  { type: 'LetterResize', scale: [320, 256], allow_scale_up: true, pad_val: { img: 114 } },
  { ...affine, scaling_ratio_range: [0.5, 1.5] },
  ...last_transform,
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile' },
  { type: 'YOLOv5KeepRatioResize', scale: [320, 256] },
  { type: 'LetterResize', scale: [320, 256], allow_scale_up: false, pad_val: { img: 114 } },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_param'] },
];
const images = { type: 'YOLOv5CocoDataset', data_root: 'runs/data/toytown-v1-500-seed0-320x240/' } as const;
const val_dataloader: DataloaderConfig = {
  batch_size: 8,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    ...images,
    ann_file: 'annotations/val.json',
    data_prefix: { img: 'val/' },
    test_mode: true,
    pipeline: test_pipeline,
  },
};

export default defineConfig({
  _base_: './yolov8_n_syncbn_fast_8xb16-500e_coco',
  model: {
    bbox_head: { head_module: { num_classes: 3 } },
    train_cfg: { assigner: { num_classes: 3 } },
  },
  train_pipeline,
  train_pipeline_stage2,
  test_pipeline,
  train_dataloader: {
    batch_size: 8,
    num_workers: 2,
    dataset: {
      ...images,
      ann_file: 'annotations/train.json',
      data_prefix: { img: 'train/' },
      pipeline: train_pipeline,
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator: town.val_evaluator,
  test_evaluator: town.test_evaluator,
  max_epochs,
  close_mosaic_epochs,
  train_cfg: { max_epochs, val_interval: 3, dynamic_intervals: [[max_epochs - close_mosaic_epochs, 1]] },
  optim_wrapper: { optimizer: { lr: 0.02, batch_size_per_gpu: 8 } },
  default_hooks: {
    param_scheduler: { max_epochs, lr_factor: 0.05, warmup_epochs: 2, warmup_mim_iter: 50 },
    checkpoint: { interval: 3 },
  },
  custom_hooks: [
    { type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.005, gamma: 200, update_buffers: true, priority: 49 },
    {
      type: 'PipelineSwitchHook',
      switch_epoch: max_epochs - close_mosaic_epochs,
      switch_pipeline: train_pipeline_stage2,
    },
  ],
});
