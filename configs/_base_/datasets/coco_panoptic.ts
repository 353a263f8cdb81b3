import type { MetricConfig, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadPanopticAnnotations', backend_args: null },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'LoadPanopticAnnotations', backend_args: null },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const val_evaluator: MetricConfig = {
  type: 'CocoPanopticMetric',
  ann_file: 'data/coco/annotations/panoptic_val2017.json',
  seg_prefix: 'data/coco/annotations/panoptic_val2017/',
  backend_args: null,
};
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: 'CocoPanopticDataset',
    data_root: 'data/coco/',
    ann_file: 'annotations/panoptic_val2017.json',
    data_prefix: { img: 'val2017/', seg: 'annotations/panoptic_val2017/' },
    test_mode: true,
    pipeline: test_pipeline,
    backend_args: null,
  },
};

export default defineConfig({
  dataset_type: 'CocoPanopticDataset',
  data_root: 'data/coco/',
  backend_args: null,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 2,
    num_workers: 2,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: 'CocoPanopticDataset',
      data_root: 'data/coco/',
      ann_file: 'annotations/panoptic_train2017.json',
      data_prefix: { img: 'train2017/', seg: 'annotations/panoptic_train2017/' },
      filter_cfg: { filter_empty_gt: true, min_size: 32 },
      pipeline: train_pipeline,
      backend_args: null,
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
});
