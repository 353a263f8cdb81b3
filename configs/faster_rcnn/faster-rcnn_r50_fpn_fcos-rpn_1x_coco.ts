import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    neck: { start_level: 1, add_extra_convs: 'on_output', relu_before_extra_convs: true },
    rpn_head: {
      _delete_: true,
      type: 'FCOSHead',
      num_classes: 1,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      strides: [8, 16, 32, 64, 128],
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'IoULoss', loss_weight: 1 },
      loss_centerness: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 },
    },
    roi_head: { bbox_roi_extractor: { featmap_strides: [8, 16, 32, 64, 128] } },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
});
