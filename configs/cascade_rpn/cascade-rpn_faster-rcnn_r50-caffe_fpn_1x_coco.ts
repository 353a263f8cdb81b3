import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50-caffe_fpn_1x_coco',
  model: {
    rpn_head: {
      _delete_: true,
      type: 'CascadeRPNHead',
      num_stages: 2,
      stages: [
        {
          type: 'StageCascadeRPNHead',
          in_channels: 256,
          feat_channels: 256,
          anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1], strides: [4, 8, 16, 32, 64] },
          adapt_cfg: { type: 'dilation', dilation: 3 },
          bridged_feature: true,
          with_cls: false,
          reg_decoded_bbox: true,
          bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.5, 0.5] },
          loss_bbox: { type: 'IoULoss', linear: true, loss_weight: 7 },
        },
        {
          type: 'StageCascadeRPNHead',
          in_channels: 256,
          feat_channels: 256,
          adapt_cfg: { type: 'offset' },
          bridged_feature: false,
          with_cls: true,
          reg_decoded_bbox: true,
          bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.05, 0.05, 0.1, 0.1] },
          loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 0.7 },
          loss_bbox: { type: 'IoULoss', linear: true, loss_weight: 7 },
        },
      ],
    },
    roi_head: {
      bbox_head: {
        bbox_coder: { target_stds: [0.04, 0.04, 0.08, 0.08] },
        loss_cls: { loss_weight: 1.5 },
        loss_bbox: { type: 'SmoothL1Loss', beta: 1 },
      },
    },
    train_cfg: {
      rpn: [
        {
          assigner: { type: 'RegionAssigner', center_ratio: 0.2, ignore_ratio: 0.5 },
          allowed_border: -1,
          pos_weight: -1,
          debug: false,
        },
        {
          assigner: {
            type: 'MaxIoUAssigner',
            pos_iou_thr: 0.7,
            neg_iou_thr: 0.7,
            min_pos_iou: 0.3,
            ignore_iof_thr: -1,
          },
          sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
          allowed_border: -1,
          pos_weight: -1,
          debug: false,
        },
      ],
      rpn_proposal: { max_per_img: 300, nms: { iou_threshold: 0.8 } },
      rcnn: { assigner: { pos_iou_thr: 0.65, neg_iou_thr: 0.65, min_pos_iou: 0.65 }, sampler: { num: 256 } },
    },
    test_cfg: { rpn: { max_per_img: 300, nms: { iou_threshold: 0.8 } }, rcnn: { score_thr: 0.001 } },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
  rpn_weight: 0.7,
});
