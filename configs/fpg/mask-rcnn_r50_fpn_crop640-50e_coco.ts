import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const norm_cfg = { type: 'BN' as const, requires_grad: true };
const image_size: [number, number] = [640, 640];
const batch_augments = [{ type: 'BatchFixedSizePad' as const, size: image_size }];
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'RandomResize', scale: image_size, ratio_range: [0.8, 1.2], keep_ratio: true },
  { type: 'RandomCrop', crop_type: 'absolute_range', crop_size: image_size, allow_negative_crop: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: image_size, keep_ratio: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_crop640_50e',
    '../_base_/default_runtime',
  ],
  norm_cfg,
  image_size,
  batch_augments,
  model: {
    data_preprocessor: { pad_size_divisor: 64, batch_augments },
    backbone: { norm_cfg, norm_eval: false },
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      norm_cfg,
      num_outs: 5,
    },
    roi_head: { bbox_head: { norm_cfg }, mask_head: { norm_cfg } },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { batch_size: 8, num_workers: 4, dataset: { pipeline: train_pipeline } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
  train_cfg: { val_interval: 2 },
  optim_wrapper: { clip_grad: null },
});
