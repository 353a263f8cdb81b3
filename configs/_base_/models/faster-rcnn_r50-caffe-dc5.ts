import { defineConfig } from '../../../src/catalogue/define-config';
import { caffe_pixels } from '../pixels';

// Faster R-CNN on one level: the fifth stage dilated instead of strided.
export default defineConfig({
  norm_cfg: { type: 'BN', requires_grad: false },
  model: {
    type: 'FasterRCNN',
    data_preprocessor: caffe_pixels,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      strides: [1, 2, 2, 1],
      dilations: [1, 1, 1, 2],
      out_indices: [3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
    },
    rpn_head: {
      type: 'RPNHead',
      in_channels: 2048,
      feat_channels: 2048,
      anchor_generator: { type: 'AnchorGenerator', scales: [2, 4, 8, 16, 32], ratios: [0.5, 1.0, 2.0], strides: [16] },
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0.0, 0.0, 0.0, 0.0], target_stds: [1.0, 1.0, 1.0, 1.0] },
      loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.0 },
      loss_bbox: { type: 'L1Loss', loss_weight: 1.0 },
    },
    roi_head: {
      type: 'StandardRoIHead',
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 0 },
        out_channels: 2048,
        featmap_strides: [16],
      },
      bbox_head: {
        type: 'Shared2FCBBoxHead',
        in_channels: 2048,
        fc_out_channels: 1024,
        roi_feat_size: 7,
        num_classes: 80,
        bbox_coder: {
          type: 'DeltaXYWHBBoxCoder',
          target_means: [0.0, 0.0, 0.0, 0.0],
          target_stds: [0.1, 0.1, 0.2, 0.2],
        },
        reg_class_agnostic: false,
        loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 1.0 },
        loss_bbox: { type: 'L1Loss', loss_weight: 1.0 },
      },
    },
    train_cfg: {
      rpn: {
        assigner: {
          type: 'MaxIoUAssigner',
          pos_iou_thr: 0.7,
          neg_iou_thr: 0.3,
          min_pos_iou: 0.3,
          match_low_quality: true,
          ignore_iof_thr: -1,
        },
        sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
        allowed_border: 0,
        pos_weight: -1,
        debug: false,
      },
      rpn_proposal: { nms_pre: 12000, max_per_img: 2000, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 },
      rcnn: {
        assigner: {
          type: 'MaxIoUAssigner',
          pos_iou_thr: 0.5,
          neg_iou_thr: 0.5,
          min_pos_iou: 0.5,
          match_low_quality: false,
          ignore_iof_thr: -1,
        },
        sampler: { type: 'RandomSampler', num: 512, pos_fraction: 0.25, neg_pos_ub: -1, add_gt_as_proposals: true },
        pos_weight: -1,
        debug: false,
      },
    },
    test_cfg: {
      rpn: { nms: { type: 'nms', iou_threshold: 0.7 }, nms_pre: 6000, max_per_img: 1000, min_bbox_size: 0 },
      rcnn: { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
    },
  },
});
