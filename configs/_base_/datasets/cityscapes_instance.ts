import type { TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

const dataset_type = 'CityscapesDataset';
const data_root = 'data/cityscapes/';
const backend_args = null;
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  {
    type: 'RandomResize',
    scale: [
      [2048, 800],
      [2048, 1024],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'Resize', scale: [2048, 1024], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: dataset_type,
    data_root,
    ann_file: 'annotations/instancesonly_filtered_gtFine_val.json',
    data_prefix: { img: 'leftImg8bit/val/' },
    test_mode: true,
    filter_cfg: { filter_empty_gt: true, min_size: 32 },
    pipeline: test_pipeline,
    backend_args,
  },
};

export default defineConfig({
  dataset_type,
  data_root,
  backend_args,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 1,
    num_workers: 2,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: 'RepeatDataset',
      times: 8,
      dataset: {
        type: dataset_type,
        data_root,
        ann_file: 'annotations/instancesonly_filtered_gtFine_train.json',
        data_prefix: { img: 'leftImg8bit/train/' },
        filter_cfg: { filter_empty_gt: true, min_size: 32 },
        pipeline: train_pipeline,
        backend_args,
      },
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator: [
    {
      type: 'CocoMetric',
      ann_file: `${data_root}annotations/instancesonly_filtered_gtFine_val.json`,
      metric: ['bbox', 'segm'],
      backend_args,
    },
    {
      type: 'CityScapesMetric',
      seg_prefix: `${data_root}gtFine/val`,
      outfile_prefix: './work_dirs/cityscapes_metric/instance',
      backend_args,
    },
  ],
  test_evaluator: [
    {
      type: 'CocoMetric',
      ann_file: `${data_root}annotations/instancesonly_filtered_gtFine_val.json`,
      metric: ['bbox', 'segm'],
      backend_args,
    },
    {
      type: 'CityScapesMetric',
      seg_prefix: `${data_root}gtFine/val`,
      outfile_prefix: './work_dirs/cityscapes_metric/instance',
      backend_args,
    },
  ],
});
