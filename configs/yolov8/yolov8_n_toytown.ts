import type { TransformConfig } from '../../src/config-types';
import { defineConfig } from '../../src/define-config';

// YOLOv8-n from nothing on generated street scenes, a few minutes on two CPU cores: Mosaic, YOLOv5's affine map and colours,
// averaged weights, and the last epochs without Mosaic, as MMYOLO trains it. Warm-up and averages are as short as the run.
const max_epochs = 20;
const close_mosaic_epochs = 5;

const pre_transform: TransformConfig[] = [{ type: 'LoadImageFromFile' }, { type: 'LoadAnnotations', with_bbox: true }];
const last_transform: TransformConfig[] = [
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const train_pipeline: TransformConfig[] = [
  ...pre_transform,
  { type: 'Mosaic', img_scale: [320, 256], pad_val: 114, pre_transform },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0,
    max_shear_degree: 0,
    scaling_ratio_range: [0.5, 1.5],
    max_aspect_ratio: 100,
    border: [-160, -128],
  },
  ...last_transform,
];
const train_pipeline_stage2: TransformConfig[] = [
  ...pre_transform,
  { type: 'YOLOv5KeepRatioResize', scale: [320, 256] },
  { type: 'LetterResize', scale: [320, 256], allow_scale_up: true, pad_val: { img: 114 } },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0,
    max_shear_degree: 0,
    scaling_ratio_range: [0.5, 1.5],
    max_aspect_ratio: 100,
  },
  ...last_transform,
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile' },
  { type: 'YOLOv5KeepRatioResize', scale: [320, 256] },
  { type: 'LetterResize', scale: [320, 256], allow_scale_up: false, pad_val: { img: 114 } },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs' },
];

const model_test_cfg = {
  multi_label: true,
  nms_pre: 30000,
  score_thr: 0.001,
  nms: { type: 'nms', iou_threshold: 0.7 },
  max_per_img: 300,
};

export default defineConfig({
  _base_: ['./yolov8_n_syncbn_fast_8xb16-500e_coco', '../_base_/datasets/toytown'],
  test_pipeline,
  train_dataloader: {
    batch_size: 8,
    dataset: { type: 'YOLOv5CocoDataset', filter_cfg: { filter_empty_gt: false }, pipeline: train_pipeline },
  },
});
