import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const ten = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
const class_weight = [...ten, ...ten, ...ten, ...ten, ...ten, ...ten, ...ten, ...ten, 0.1];
const image_size: [number, number] = [1024, 1024];
const batch_augments = [
  {
    type: 'BatchFixedSizePad' as const,
    size: image_size,
    img_pad_value: 0,
    pad_mask: true,
    mask_pad_value: 0 as const,
    pad_seg: false,
  },
];
const data_preprocessor = {
  type: 'DetDataPreprocessor' as const,
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
  bgr_to_rgb: true,
  pad_size_divisor: 32,
  pad_mask: true,
  mask_pad_value: 0,
  pad_seg: false,
  batch_augments,
};
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', to_float32: true, backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'RandomResize', scale: image_size, ratio_range: [0.1, 2], resize_type: 'Resize', keep_ratio: true },
  { type: 'RandomCrop', crop_size: image_size, crop_type: 'absolute', recompute_bbox: true, allow_negative_crop: true },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1e-5, 1e-5], by_mask: true },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', to_float32: true, backend_args: null },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: ['./mask2former_r50_8xb2-lsj-50e_coco-panoptic'],
  num_things_classes: 80,
  num_stuff_classes: 0,
  num_classes: 80,
  image_size,
  batch_augments,
  data_preprocessor,
  model: {
    data_preprocessor,
    panoptic_head: { num_things_classes: 80, num_stuff_classes: 0, loss_cls: { class_weight } },
    panoptic_fusion_head: { num_things_classes: 80, num_stuff_classes: 0 },
    test_cfg: { panoptic_on: false },
  },
  train_pipeline,
  test_pipeline,
  dataset_type: 'CocoDataset',
  data_root: 'data/coco/',
  train_dataloader: {
    dataset: {
      type: 'CocoDataset',
      ann_file: 'annotations/instances_train2017.json',
      data_prefix: { img: 'train2017/' },
      pipeline: train_pipeline,
    },
  },
  val_dataloader: {
    dataset: {
      type: 'CocoDataset',
      ann_file: 'annotations/instances_val2017.json',
      data_prefix: { img: 'val2017/' },
      pipeline: test_pipeline,
    },
  },
  test_dataloader: {
    dataset: {
      type: 'CocoDataset',
      ann_file: 'annotations/instances_val2017.json',
      data_prefix: { img: 'val2017/' },
      pipeline: test_pipeline,
    },
  },
  val_evaluator: {
    _delete_: true,
    type: 'CocoMetric',
    ann_file: 'data/coco/annotations/instances_val2017.json',
    metric: ['bbox', 'segm'],
    format_only: false,
    backend_args: null,
  },
  test_evaluator: {
    _delete_: true,
    type: 'CocoMetric',
    ann_file: 'data/coco/annotations/instances_val2017.json',
    metric: ['bbox', 'segm'],
    format_only: false,
    backend_args: null,
  },
});
