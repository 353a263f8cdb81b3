// COCO three times over, its images at short edges from 640 to 800 pixels: the 3x schedule.

import type { MetricConfig, TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'RandomResize',
    scale: [
      [1333, 640],
      [1333, 800],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const val_evaluator: MetricConfig & { _delete_: true } = {
  _delete_: true,
  type: 'CocoMetric',
  ann_file: 'data/coco/annotations/instances_val2017.json',
  metric: 'bbox',
  backend_args: null,
};

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  train_pipeline,
  train_dataloader: {
    dataset: {
      _delete_: true,
      type: 'RepeatDataset',
      times: 3,
      dataset: {
        type: 'CocoDataset',
        data_root: 'data/coco/',
        ann_file: 'annotations/instances_train2017.json',
        data_prefix: { img: 'train2017/' },
        filter_cfg: { filter_empty_gt: true, min_size: 32 },
        pipeline: train_pipeline,
        backend_args: null,
      },
    },
  },
  val_evaluator,
  test_evaluator: val_evaluator,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [9, 11], gamma: 0.1 },
  ],
});
