import type { MetricConfig, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

const dataset_type = 'CocoDataset';
const data_root = 'data/coco/';
const backend_args = null;

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  // without truths on disk this one may go
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export const val_images = {
  type: 'CocoDataset' as const,
  data_root,
  ann_file: 'annotations/instances_val2017.json',
  data_prefix: { img: 'val2017/' },
  test_mode: true,
  backend_args,
};
export const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: { ...val_images, pipeline: test_pipeline },
};
export const val_evaluator: MetricConfig = {
  type: 'CocoMetric',
  ann_file: `${data_root}annotations/instances_val2017.json`,
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
    batch_size: 2,
    num_workers: 2,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: dataset_type,
      data_root,
      ann_file: 'annotations/instances_train2017.json',
      data_prefix: { img: 'train2017/' },
      filter_cfg: { filter_empty_gt: true, min_size: 32 },
      pipeline: train_pipeline,
      backend_args,
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
});
