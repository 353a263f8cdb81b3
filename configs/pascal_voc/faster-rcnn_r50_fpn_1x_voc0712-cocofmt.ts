import type { MetricConfig, TransformConfig } from '../../src/config-types';
import { defineConfig } from '../../src/define-config';

const METAINFO = {
  classes: [
    'aeroplane',
    'bicycle',
    'bird',
    'boat',
    'bottle',
    'bus',
    'car',
    'cat',
    'chair',
    'cow',
    'diningtable',
    'dog',
    'horse',
    'motorbike',
    'person',
    'pottedplant',
    'sheep',
    'sofa',
    'train',
    'tvmonitor',
  ],
  palette: [
    [106, 0, 228],
    [119, 11, 32],
    [165, 42, 42],
    [0, 0, 192],
    [197, 226, 255],
    [0, 60, 100],
    [0, 0, 142],
    [255, 77, 255],
    [153, 69, 1],
    [120, 166, 157],
    [0, 182, 199],
    [0, 226, 252],
    [182, 182, 255],
    [0, 0, 230],
    [220, 20, 60],
    [163, 255, 0],
    [0, 82, 0],
    [3, 95, 161],
    [0, 80, 100],
    [183, 130, 88],
  ],
};
const dataset_type = 'CocoDataset';
const data_root = 'data/VOCdevkit/';
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [1000, 600], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [1000, 600], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const val_dataloader = {
  dataset: {
    type: dataset_type,
    ann_file: 'annotations/voc07_test.json',
    data_prefix: { img: '' },
    metainfo: METAINFO,
    pipeline: test_pipeline,
  },
};
const val_evaluator: MetricConfig = {
  type: 'CocoMetric',
  ann_file: `${data_root}annotations/voc07_test.json`,
  metric: 'bbox',
  format_only: false,
  backend_args: null,
};
const max_epochs = 4;

export default defineConfig({
  _base_: ['../_base_/models/faster-rcnn_r50_fpn', '../_base_/datasets/voc0712', '../_base_/default_runtime'],
  model: { roi_head: { bbox_head: { num_classes: 20 } } },
  METAINFO,
  dataset_type,
  data_root,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    dataset: {
      type: 'RepeatDataset',
      times: 3,
      dataset: {
        _delete_: true,
        type: dataset_type,
        data_root,
        ann_file: 'annotations/voc0712_trainval.json',
        data_prefix: { img: '' },
        metainfo: METAINFO,
        filter_cfg: { filter_empty_gt: true, min_size: 32 },
        pipeline: train_pipeline,
        backend_args: null,
      },
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
  max_epochs,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [3], gamma: 0.1 }],
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
  auto_scale_lr: { enable: false, base_batch_size: 16 },
});
