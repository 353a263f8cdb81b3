import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { torchvision_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/default_runtime'],
  model: {
    type: 'GridRCNN',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: { type: 'FPN', in_channels: [256, 512, 1024, 2048], out_channels: 256, num_outs: 5 },
    rpn_head: {
      type: 'RPNHead',
      in_channels: 256,
      feat_channels: 256,
      anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] },
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [1, 1, 1, 1] },
      loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 },
      loss_bbox: { type: 'SmoothL1Loss', beta: 0.1111111111111111, loss_weight: 1 },
    },
    roi_head: {
      type: 'GridRoIHead',
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 0 },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
      bbox_head: {
        type: 'Shared2FCBBoxHead',
        with_reg: false,
        in_channels: 256,
        fc_out_channels: 1024,
        roi_feat_size: 7,
        num_classes: 80,
        bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] },
        reg_class_agnostic: false,
      },
      grid_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 14, sampling_ratio: 0 },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
      grid_head: {
        type: 'GridHead',
        grid_points: 9,
        num_convs: 8,
        in_channels: 256,
        point_feat_channels: 64,
        norm_cfg: { type: 'GN', num_groups: 36 },
        loss_grid: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 15 },
      },
    },
    train_cfg: {
      rpn: {
        assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3, ignore_iof_thr: -1 },
        sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
        allowed_border: 0,
        pos_weight: -1,
        debug: false,
      },
      rpn_proposal: { nms_pre: 2000, max_per_img: 2000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 },
      rcnn: {
        assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0.5, ignore_iof_thr: -1 },
        sampler: { type: 'RandomSampler', num: 512, pos_fraction: 0.25, neg_pos_ub: -1, add_gt_as_proposals: true },
        pos_radius: 1,
        pos_weight: -1,
        max_num_grid: 192,
        debug: false,
      },
    },
    test_cfg: {
      rpn: { nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 },
      rcnn: { score_thr: 0.03, nms: { type: 'nms', iou_threshold: 0.3 }, max_per_img: 100 },
    },
  },
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 } },
  max_epochs: 25,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 25, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.0125, by_epoch: false, begin: 0, end: 3665 },
    { type: 'MultiStepLR', begin: 0, end: 25, by_epoch: true, milestones: [17, 23], gamma: 0.1 },
  ],
  auto_scale_lr: { enable: false, base_batch_size: 16 },
});
