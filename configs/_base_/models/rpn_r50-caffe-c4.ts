import { defineConfig } from '../../../src/catalogue/define-config';
import { caffe_pixels } from '../pixels';

// The region proposal network on ResNet-50's fourth level alone.
export default defineConfig({
  model: {
    type: 'RPN',
    data_preprocessor: caffe_pixels,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 3,
      strides: [1, 2, 2],
      dilations: [1, 1, 1],
      out_indices: [2],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
    },
    neck: null,
    rpn_head: {
      type: 'RPNHead',
      in_channels: 1024,
      feat_channels: 1024,
      anchor_generator: { type: 'AnchorGenerator', scales: [2, 4, 8, 16, 32], ratios: [0.5, 1.0, 2.0], strides: [16] },
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0.0, 0.0, 0.0, 0.0], target_stds: [1.0, 1.0, 1.0, 1.0] },
      loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.0 },
      loss_bbox: { type: 'L1Loss', loss_weight: 1.0 },
    },
    train_cfg: {
      rpn: {
        assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3, ignore_iof_thr: -1 },
        sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
        allowed_border: -1,
        pos_weight: -1,
        debug: false,
      },
    },
    test_cfg: {
      rpn: { nms_pre: 12000, max_per_img: 2000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 },
    },
  },
});
