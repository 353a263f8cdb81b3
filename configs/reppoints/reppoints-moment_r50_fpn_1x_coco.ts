import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { torchvision_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'RepPointsDetector',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 1,
      add_extra_convs: 'on_input',
      num_outs: 5,
    },
    bbox_head: {
      type: 'RepPointsHead',
      num_classes: 80,
      in_channels: 256,
      feat_channels: 256,
      point_feat_channels: 256,
      stacked_convs: 3,
      num_points: 9,
      gradient_mul: 0.1,
      point_strides: [8, 16, 32, 64, 128],
      point_base_scale: 4,
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox_init: { type: 'SmoothL1Loss', beta: 0.11, loss_weight: 0.5 },
      loss_bbox_refine: { type: 'SmoothL1Loss', beta: 0.11, loss_weight: 1 },
      transform_method: 'moment',
    },
    train_cfg: {
      init: {
        assigner: { type: 'PointAssigner', scale: 4, pos_num: 1 },
        allowed_border: -1,
        pos_weight: -1,
        debug: false,
      },
      refine: {
        assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.4, min_pos_iou: 0, ignore_iof_thr: -1 },
        allowed_border: -1,
        pos_weight: -1,
        debug: false,
      },
    },
    test_cfg: {
      nms_pre: 1000,
      min_bbox_size: 0,
      score_thr: 0.05,
      nms: { type: 'nms', iou_threshold: 0.5 },
      max_per_img: 100,
    },
  },
  optim_wrapper: { optimizer: { lr: 0.01 } },
});
