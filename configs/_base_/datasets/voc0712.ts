import type { MetricConfig, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

const dataset_type = 'VOCDataset';
const data_root = 'data/VOCdevkit/';
const backend_args = null;

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [1000, 600], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'Resize', scale: [1000, 600], keep_ratio: true },
  // boxes after the resize: they stay in the original image's pixels
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const train_part = {
  type: dataset_type,
  data_root,
  filter_cfg: { filter_empty_gt: true, min_size: 32, bbox_min_size: 32 },
  pipeline: train_pipeline,
  backend_args,
};
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: dataset_type,
    data_root,
    ann_file: 'VOC2007/ImageSets/Main/test.txt',
    data_prefix: { sub_data_root: 'VOC2007/' },
    test_mode: true,
    pipeline: test_pipeline,
    backend_args,
  },
};
// the area under the 11-point curve, as Pascal VOC 2007 was scored
const val_evaluator: MetricConfig = { type: 'VOCMetric', metric: 'mAP', eval_mode: '11points' };

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
      type: 'RepeatDataset',
      times: 3,
      dataset: {
        type: 'ConcatDataset',
        // VOC2007 and VOC2012 name themselves differently
        ignore_keys: ['dataset_type'],
        datasets: [
          {
            ...train_part,
            ann_file: 'VOC2007/ImageSets/Main/trainval.txt',
            data_prefix: { sub_data_root: 'VOC2007/' },
          },
          {
            ...train_part,
            ann_file: 'VOC2012/ImageSets/Main/trainval.txt',
            data_prefix: { sub_data_root: 'VOC2012/' },
          },
        ],
      },
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
});
