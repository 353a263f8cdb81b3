import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { square_anchors, test_cfg } from '../_base_/models/dense';
import { p3_to_p7 } from '../_base_/necks/fpn';
import { torchvision_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'GFL',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: p3_to_p7,
    bbox_head: {
      type: 'GFLHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      anchor_generator: square_anchors,
      loss_cls: { type: 'QualityFocalLoss', use_sigmoid: true, beta: 2.0, loss_weight: 1.0 },
      loss_dfl: { type: 'DistributionFocalLoss', loss_weight: 0.25 },
      reg_max: 16,
      loss_bbox: { type: 'GIoULoss', loss_weight: 2.0 },
    },
    train_cfg: { assigner: { type: 'ATSSAssigner', topk: 9 }, allowed_border: -1, pos_weight: -1, debug: false },
    test_cfg,
  },
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
});
