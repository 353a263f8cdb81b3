import type { DenseHeadConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { square_anchors } from '../_base_/models/dense';
import { p3_to_p7 } from '../_base_/necks/fpn';
import { torchvision_pixels } from '../_base_/pixels';

const bbox_head: DenseHeadConfig = {
  type: 'LADHead',
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
};

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  teacher_ckpt:
    'http://download.openmmlab.com/mmdetection/v2.0/paa/paa_r101_fpn_1x_coco/paa_r101_fpn_1x_coco_20200821-0a1825a4.pth',
  model: {
    type: 'LAD',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: p3_to_p7,
    bbox_head,
    teacher_ckpt:
      'http://download.openmmlab.com/mmdetection/v2.0/paa/paa_r101_fpn_1x_coco/paa_r101_fpn_1x_coco_20200821-0a1825a4.pth',
    teacher_backbone: {
      type: 'ResNet',
      depth: 101,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      norm_eval: true,
      style: 'pytorch',
    },
    teacher_neck: p3_to_p7,
    teacher_bbox_head: bbox_head,
    train_cfg: {
      assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.1, neg_iou_thr: 0.1, min_pos_iou: 0, ignore_iof_thr: -1 },
      allowed_border: -1,
      pos_weight: -1,
      debug: false,
    },
    test_cfg: {
      nms_pre: 1000,
      min_bbox_size: 0,
      score_thr: 0.05,
      score_voting: true,
      nms: { type: 'nms', iou_threshold: 0.6 },
      max_per_img: 100,
    },
  },
  train_dataloader: { batch_size: 8, num_workers: 4 },
  optim_wrapper: { type: 'AmpOptimWrapper', optimizer: { lr: 0.01 } },
});
