import type { AssignerConfig, BBoxHeadConfig, SamplerConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { torchvision_pixels } from '../_base_/pixels';

const num_stages = 6;
const num_proposals = 100;
// every stage has its own
export const bbox_head: BBoxHeadConfig = {
  type: 'DIIHead',
  num_classes: 80,
  num_ffn_fcs: 2,
  num_heads: 8,
  num_cls_fcs: 1,
  num_reg_fcs: 3,
  feedforward_channels: 2048,
  in_channels: 256,
  dropout: 0,
  ffn_act_cfg: { type: 'ReLU', inplace: true },
  dynamic_conv_cfg: {
    type: 'DynamicConv',
    in_channels: 256,
    feat_channels: 64,
    out_channels: 256,
    input_feat_shape: 7,
    act_cfg: { type: 'ReLU', inplace: true },
    norm_cfg: { type: 'LN' },
  },
  loss_bbox: { type: 'L1Loss', loss_weight: 5 },
  loss_iou: { type: 'GIoULoss', loss_weight: 2 },
  loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 2 },
  bbox_coder: {
    type: 'DeltaXYWHBBoxCoder',
    clip_border: false,
    target_means: [0, 0, 0, 0],
    target_stds: [0.5, 0.5, 1, 1],
  },
};
export const assigner: AssignerConfig = {
  type: 'HungarianAssigner',
  match_costs: [
    { type: 'FocalLossCost', weight: 2 },
    { type: 'BBoxL1Cost', weight: 5, box_format: 'xyxy' },
    { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
  ],
};
const sampler: SamplerConfig = { type: 'PseudoSampler' };
const matching = { assigner, sampler, pos_weight: 1 };

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  num_stages,
  num_proposals,
  model: {
    type: 'SparseRCNN',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 0,
      add_extra_convs: 'on_input',
      num_outs: 4,
    },
    rpn_head: { type: 'EmbeddingRPNHead', num_proposals, proposal_feature_channel: 256 },
    roi_head: {
      type: 'SparseRoIHead',
      num_stages,
      stage_loss_weights: [1, 1, 1, 1, 1, 1],
      proposal_feature_channel: 256,
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 2 },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
      bbox_head: [bbox_head, bbox_head, bbox_head, bbox_head, bbox_head, bbox_head],
    },
    train_cfg: {
      rpn: null,
      rcnn: [matching, matching, matching, matching, matching, matching],
    },
    test_cfg: { rpn: null, rcnn: { max_per_img: num_proposals } },
  },
  optim_wrapper: {
    optimizer: { _delete_: true, type: 'AdamW', lr: 0.000025, weight_decay: 0.0001 },
    clip_grad: { max_norm: 1, norm_type: 2 },
  },
});
