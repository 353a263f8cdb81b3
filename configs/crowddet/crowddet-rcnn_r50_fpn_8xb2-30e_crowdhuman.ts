import type { MetricConfig, TransformConfig } from '../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'] },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [1400, 800], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];
const train_dataloader: DataloaderConfig = {
  batch_size: 2,
  num_workers: 4,
  persistent_workers: true,
  sampler: { type: 'DefaultSampler', shuffle: true },
  batch_sampler: null,
  dataset: {
    type: 'CrowdHumanDataset',
    data_root: 'data/CrowdHuman/',
    ann_file: 'annotation_train.odgt',
    data_prefix: { img: 'Images/' },
    filter_cfg: { filter_empty_gt: true, min_size: 32 },
    pipeline: train_pipeline,
    backend_args: null,
  },
};
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: 'CrowdHumanDataset',
    data_root: 'data/CrowdHuman/',
    ann_file: 'annotation_val.odgt',
    data_prefix: { img: 'Images/' },
    test_mode: true,
    pipeline: test_pipeline,
    backend_args: null,
  },
};
const val_evaluator: MetricConfig = {
  type: 'CrowdHumanMetric',
  ann_file: 'data/CrowdHuman/annotation_val.odgt',
  metric: ['AP', 'MR', 'JI'],
  backend_args: null,
};

export default defineConfig({
  _base_: '../_base_/default_runtime',
  model: {
    type: 'CrowdDet',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [103.53, 116.28, 123.675],
      std: [57.375, 57.12, 58.395],
      bgr_to_rgb: false,
      pad_size_divisor: 64,
      batch_augments: [{ type: 'BatchResize', scale: [1400, 800], pad_size_divisor: 64 }],
    },
    backbone: resnet50,
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      num_outs: 5,
      upsample_cfg: { mode: 'bilinear', align_corners: false },
    },
    rpn_head: {
      type: 'RPNHead',
      in_channels: 256,
      feat_channels: 256,
      anchor_generator: {
        type: 'AnchorGenerator',
        scales: [8],
        ratios: [1, 2, 3],
        strides: [4, 8, 16, 32, 64],
        centers: [
          [8, 8],
          [8, 8],
          [8, 8],
          [8, 8],
          [8, 8],
        ],
      },
      bbox_coder: {
        type: 'DeltaXYWHBBoxCoder',
        target_means: [0, 0, 0, 0],
        target_stds: [1, 1, 1, 1],
        clip_border: false,
      },
      loss_cls: { type: 'CrossEntropyLoss', loss_weight: 1 },
      loss_bbox: { type: 'L1Loss', loss_weight: 1 },
    },
    roi_head: {
      type: 'MultiInstanceRoIHead',
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: -1, aligned: true, use_torchvision: true },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
      bbox_head: {
        type: 'MultiInstanceBBoxHead',
        with_refine: false,
        num_shared_fcs: 2,
        in_channels: 256,
        fc_out_channels: 1024,
        roi_feat_size: 7,
        num_classes: 1,
        bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] },
        reg_class_agnostic: false,
        loss_cls: { type: 'CrossEntropyLoss', loss_weight: 1, use_sigmoid: false, reduction: 'none' },
        loss_bbox: { type: 'SmoothL1Loss', loss_weight: 1, reduction: 'none' },
      },
    },
    train_cfg: {
      rpn: {
        assigner: {
          type: 'MaxIoUAssigner',
          pos_iou_thr: 0.7,
          neg_iou_thr: [0.3, 0.7],
          min_pos_iou: 0.3,
          match_low_quality: true,
          ignore_iof_thr: -1,
        },
        sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
        allowed_border: -1,
        pos_weight: -1,
        debug: false,
      },
      rpn_proposal: { nms_pre: 2400, max_per_img: 2000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 2 },
      rcnn: {
        assigner: {
          type: 'MultiInstanceAssigner',
          pos_iou_thr: 0.5,
          neg_iou_thr: 0.5,
          min_pos_iou: 0.3,
          match_low_quality: false,
          ignore_iof_thr: -1,
        },
        sampler: {
          type: 'MultiInsRandomSampler',
          num: 512,
          pos_fraction: 0.5,
          neg_pos_ub: -1,
          add_gt_as_proposals: false,
        },
        pos_weight: -1,
        debug: false,
      },
    },
    test_cfg: {
      rpn: { nms_pre: 1200, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 2 },
      rcnn: { nms: { type: 'nms', iou_threshold: 0.5 }, score_thr: 0.01, max_per_img: 500 },
    },
  },
  dataset_type: 'CrowdHumanDataset',
  data_root: 'data/CrowdHuman/',
  backend_args: null,
  train_pipeline,
  test_pipeline,
  train_dataloader,
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 30, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 800 },
    { type: 'MultiStepLR', begin: 0, end: 30, by_epoch: true, milestones: [24, 27], gamma: 0.1 },
  ],
  auto_scale_lr: { base_batch_size: 16 },
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.002, momentum: 0.9, weight_decay: 0.0001 } },
});
