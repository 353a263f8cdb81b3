import type { ConfigOf } from '../../../src/catalogue/config-types';

type Stage = Extract<ConfigOf<'dense_head'>, { type: 'StageCascadeRPNHead' }>;

// Cascade RPN (Vu et al., NeurIPS 2019): anchors are refined once, and scored where they end.
const stage1: Stage = {
  type: 'StageCascadeRPNHead',
  in_channels: 256,
  feat_channels: 256,
  anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1], strides: [4, 8, 16, 32, 64] },
  adapt_cfg: { type: 'dilation', dilation: 3 },
  bridged_feature: true,
  with_cls: false,
  reg_decoded_bbox: true,
  bbox_coder: {
    type: 'DeltaXYWHBBoxCoder',
    target_means: [0, 0, 0, 0],
    target_stds: [0.1, 0.1, 0.5, 0.5],
  },
};
const stage2: Stage = {
  type: 'StageCascadeRPNHead',
  in_channels: 256,
  feat_channels: 256,
  adapt_cfg: { type: 'offset' },
  bridged_feature: false,
  with_cls: true,
  reg_decoded_bbox: true,
  bbox_coder: {
    type: 'DeltaXYWHBBoxCoder',
    target_means: [0, 0, 0, 0],
    target_stds: [0.05, 0.05, 0.1, 0.1],
  },
};
/** Training of the first stage, by regions of the ground truth, and of the second, by overlap. */
const regions = {
  assigner: { type: 'RegionAssigner' as const, center_ratio: 0.2, ignore_ratio: 0.5 },
  allowed_border: -1,
  pos_weight: -1,
  debug: false,
};
const by_overlap = {
  assigner: {
    type: 'MaxIoUAssigner' as const,
    pos_iou_thr: 0.7,
    neg_iou_thr: 0.7,
    min_pos_iou: 0.3,
    ignore_iof_thr: -1,
  },
  sampler: {
    type: 'RandomSampler' as const,
    num: 256,
    pos_fraction: 0.5,
    neg_pos_ub: -1,
    add_gt_as_proposals: false,
  },
  allowed_border: -1,
  pos_weight: -1,
  debug: false,
};

export default { stage1, stage2, regions, by_overlap };
