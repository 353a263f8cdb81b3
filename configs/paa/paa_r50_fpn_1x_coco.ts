import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { square_anchors, test_cfg } from '../_base_/models/dense';
import { p3_to_p7 } from '../_base_/necks/fpn';
import { torchvision_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'PAA',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: p3_to_p7,
    bbox_head: {
      type: 'PAAHead',
      reg_decoded_bbox: true,
      score_voting: true,
      topk: 9,
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      anchor_generator: square_anchors,
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'GIoULoss', loss_weight: 1.3 },
      loss_centerness: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 0.5 },
    },
    train_cfg: {
      assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.1, neg_iou_thr: 0.1, min_pos_iou: 0, ignore_iof_thr: -1 },
      allowed_border: -1,
      pos_weight: -1,
      debug: false,
    },
    test_cfg,
  },
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
});
