import { defineConfig } from '../../src/catalogue/define-config';
import { nine_anchors } from '../_base_/models/dense';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    bbox_head: {
      _delete_: true,
      type: 'SABLRetinaHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      approx_anchor_generator: nine_anchors,
      square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4], strides: [8, 16, 32, 64, 128] },
      bbox_coder: { type: 'BucketingBBoxCoder', num_buckets: 14, scale_factor: 3 },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.5 },
      loss_bbox_reg: { type: 'SmoothL1Loss', beta: 1 / 9, loss_weight: 1.5 },
    },
    train_cfg: { assigner: { type: 'ApproxMaxIoUAssigner' } },
  },
  optim_wrapper: { optimizer: { lr: 0.01 } },
});
