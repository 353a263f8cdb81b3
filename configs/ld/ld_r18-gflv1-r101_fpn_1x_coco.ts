import { defineConfig } from '../../src/catalogue/define-config';
import { square_anchors, test_cfg } from '../_base_/models/dense';
import { torchvision_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  teacher_ckpt:
    'https://download.openmmlab.com/mmdetection/v2.0/gfl/gfl_r101_fpn_mstrain_2x_coco/gfl_r101_fpn_mstrain_2x_coco_20200629_200126-dd12f847.pth',
  model: {
    type: 'KnowledgeDistillationSingleStageDetector',
    data_preprocessor: torchvision_pixels,
    teacher_config: 'configs/gfl/gfl_r101_fpn_ms-2x_coco.py',
    teacher_ckpt:
      'https://download.openmmlab.com/mmdetection/v2.0/gfl/gfl_r101_fpn_mstrain_2x_coco/gfl_r101_fpn_mstrain_2x_coco_20200629_200126-dd12f847.pth',
    backbone: {
      type: 'ResNet',
      depth: 18,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet18' },
    },
    neck: {
      type: 'FPN',
      in_channels: [64, 128, 256, 512],
      out_channels: 256,
      start_level: 1,
      add_extra_convs: 'on_output',
      num_outs: 5,
    },
    bbox_head: {
      type: 'LDHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      anchor_generator: square_anchors,
      loss_cls: { type: 'QualityFocalLoss', use_sigmoid: true, beta: 2, loss_weight: 1 },
      loss_dfl: { type: 'DistributionFocalLoss', loss_weight: 0.25 },
      loss_ld: { type: 'KnowledgeDistillationKLDivLoss', loss_weight: 0.25, T: 10 },
      reg_max: 16,
      loss_bbox: { type: 'GIoULoss', loss_weight: 2 },
    },
    train_cfg: { assigner: { type: 'ATSSAssigner', topk: 9 }, allowed_border: -1, pos_weight: -1, debug: false },
    test_cfg,
  },
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
});
