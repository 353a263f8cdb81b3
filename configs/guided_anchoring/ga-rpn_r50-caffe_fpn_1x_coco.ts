import { defineConfig } from '../../src/catalogue/define-config';

export const rpn_head = {
  _delete_: true,
  type: 'GARPNHead' as const,
  in_channels: 256,
  feat_channels: 256,
  approx_anchor_generator: {
    type: 'AnchorGenerator' as const,
    octave_base_scale: 8,
    scales_per_octave: 3,
    ratios: [0.5, 1, 2],
    strides: [4, 8, 16, 32, 64],
  },
  square_anchor_generator: { type: 'AnchorGenerator' as const, ratios: [1], scales: [8], strides: [4, 8, 16, 32, 64] },
  anchor_coder: {
    type: 'DeltaXYWHBBoxCoder' as const,
    target_means: [0, 0, 0, 0] as [number, number, number, number],
    target_stds: [0.07, 0.07, 0.14, 0.14] as [number, number, number, number],
  },
  bbox_coder: {
    type: 'DeltaXYWHBBoxCoder' as const,
    target_means: [0, 0, 0, 0] as [number, number, number, number],
    target_stds: [0.07, 0.07, 0.11, 0.11] as [number, number, number, number],
  },
  loc_filter_thr: 0.01,
  loss_loc: { type: 'FocalLoss' as const, use_sigmoid: true as const, gamma: 2, alpha: 0.25, loss_weight: 1 },
  loss_shape: { type: 'BoundedIoULoss' as const, beta: 0.2, loss_weight: 1 },
  loss_cls: { type: 'CrossEntropyLoss' as const, use_sigmoid: true, loss_weight: 1 },
  loss_bbox: { type: 'SmoothL1Loss' as const, beta: 1, loss_weight: 1 },
};

export default defineConfig({
  _base_: '../rpn/rpn_r50-caffe_fpn_1x_coco',
  model: {
    rpn_head,
    train_cfg: {
      rpn: {
        ga_assigner: {
          type: 'ApproxMaxIoUAssigner',
          pos_iou_thr: 0.7,
          neg_iou_thr: 0.3,
          min_pos_iou: 0.3,
          ignore_iof_thr: -1,
        },
        ga_sampler: { type: 'RandomSampler', num: 256, pos_fraction: 0.5, neg_pos_ub: -1, add_gt_as_proposals: false },
        allowed_border: -1,
        center_ratio: 0.2,
        ignore_ratio: 0.5,
      },
    },
    test_cfg: { rpn: { nms_post: 1000 } },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
});
