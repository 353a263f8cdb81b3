import type { MetricConfig, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

// Generated street scenes, 320 x 240, in COCO's format, where `dataset.toytown()` writes them.
const dataset_type = 'CocoDataset';
const data_root = 'runs/data/toytown-v1-500-seed0-320x240/';
const backend_args = null;

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [320, 240], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'Resize', scale: [320, 240], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader: DataloaderConfig = {
  batch_size: 4,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: dataset_type,
    data_root,
    ann_file: 'annotations/val.json',
    data_prefix: { img: 'val/' },
    test_mode: true,
    pipeline: test_pipeline,
    backend_args,
  },
};
const val_evaluator: MetricConfig = {
  type: 'CocoMetric',
  ann_file: `${data_root}annotations/val.json`,
  metric: 'bbox',
  format_only: false,
  backend_args,
};

export default defineConfig({
  dataset_type,
  data_root,
  backend_args,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 4,
    num_workers: 2,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: dataset_type,
      data_root,
      ann_file: 'annotations/train.json',
      data_prefix: { img: 'train/' },
      filter_cfg: { filter_empty_gt: true },
      pipeline: train_pipeline,
      backend_args,
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
});
