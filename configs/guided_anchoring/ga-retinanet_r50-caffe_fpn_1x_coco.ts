import { defineConfig } from '../../src/catalogue/define-config';
import { nine_anchors } from '../_base_/models/dense';

export default defineConfig({
  _base_: '../retinanet/retinanet_r50-caffe_fpn_1x_coco',
  model: {
    bbox_head: {
      _delete_: true,
      type: 'GARetinaHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      approx_anchor_generator: nine_anchors,
      square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4], strides: [8, 16, 32, 64, 128] },
      anchor_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [1, 1, 1, 1] },
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [1, 1, 1, 1] },
      loc_filter_thr: 0.01,
      loss_loc: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_shape: { type: 'BoundedIoULoss', beta: 0.2, loss_weight: 1 },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'SmoothL1Loss', beta: 0.04, loss_weight: 1 },
    },
    train_cfg: {
      ga_assigner: {
        type: 'ApproxMaxIoUAssigner',
        pos_iou_thr: 0.5,
        neg_iou_thr: 0.4,
        min_pos_iou: 0.4,
        ignore_iof_thr: -1,
      },
      ga_sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
      assigner: { neg_iou_thr: 0.5, min_pos_iou: 0 },
      center_ratio: 0.2,
      ignore_ratio: 0.5,
    },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
});
