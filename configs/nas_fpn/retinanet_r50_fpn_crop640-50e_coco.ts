import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const norm_cfg = { type: 'BN' as const, requires_grad: true };
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomResize', scale: [640, 640], ratio_range: [0.8, 1.2], keep_ratio: true },
  { type: 'RandomCrop', crop_size: [640, 640] },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [640, 640], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_crop640_50e',
    '../_base_/default_runtime',
  ],
  norm_cfg,
  model: {
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_size_divisor: 64,
      batch_augments: [{ type: 'BatchFixedSizePad', size: [640, 640] }],
    },
    backbone: { norm_eval: false },
    neck: { relu_before_extra_convs: true, no_norm_on_lateral: true, norm_cfg },
    bbox_head: { type: 'RetinaSepBNHead', num_ins: 5, norm_cfg },
    train_cfg: { assigner: { neg_iou_thr: 0.5 } },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { batch_size: 8, num_workers: 4, dataset: { pipeline: train_pipeline } },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
  env_cfg: { cudnn_benchmark: true },
});
