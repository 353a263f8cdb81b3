// Small detectors of the DETR family, for the tests of exported models.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { backbone } from './exported';

const C = 16;
const mapper = { type: 'ChannelMapper', kernel_size: 1, out_channels: C, act_cfg: null, norm_cfg: { type: 'BN' } };
const attention = { embed_dims: C, num_heads: 2, dropout: 0 };
const ffn_cfg = { embed_dims: C, feedforward_channels: 32, num_fcs: 2, ffn_drop: 0 };
const single = {
  backbone: { ...backbone, out_indices: [3] },
  neck: { ...mapper, num_outs: 1 },
  encoder: { num_layers: 2, layer_cfg: { self_attn_cfg: attention, ffn_cfg } },
  positional_encoding: { num_feats: C / 2, normalize: true },
  num_queries: 12,
  test_cfg: { max_per_img: 10 },
};
const deformable = { embed_dims: C, num_heads: 2, num_levels: 3, num_points: 2, dropout: 0 };
const multi = {
  backbone: { ...backbone, out_indices: [2, 3] },
  neck: { ...mapper, num_outs: 3 },
  encoder: { num_layers: 2, layer_cfg: { self_attn_cfg: deformable, ffn_cfg } },
  decoder: {
    num_layers: 2,
    return_intermediate: true,
    layer_cfg: { self_attn_cfg: attention, cross_attn_cfg: deformable, ffn_cfg },
    post_norm_cfg: null,
  },
  positional_encoding: { num_feats: C / 2, normalize: true, offset: -0.5 },
  num_queries: 8,
  num_feature_levels: 3,
  test_cfg: { max_per_img: 10 },
};
const focal = { type: 'FocalLoss', use_sigmoid: true, loss_weight: 2 };

/** Of Conditional and DAB-DETR. */
const conditionalDecoder = {
  num_layers: 2,
  layer_cfg: {
    self_attn_cfg: { embed_dims: C, num_heads: 2, cross_attn: false },
    cross_attn_cfg: { embed_dims: C, num_heads: 2, cross_attn: true },
    ffn_cfg,
  },
};

export const QUERIES: Record<string, ModuleConfig> = {
  DETR: {
    type: 'DETR',
    ...single,
    decoder: { num_layers: 2, layer_cfg: { self_attn_cfg: attention, cross_attn_cfg: attention, ffn_cfg } },
    bbox_head: { type: 'DETRHead', embed_dims: C },
  },
  'Conditional DETR': {
    type: 'ConditionalDETR',
    ...single,
    decoder: conditionalDecoder,
    bbox_head: { type: 'ConditionalDETRHead', embed_dims: C, loss_cls: focal },
  },
  'DAB-DETR': {
    type: 'DABDETR',
    ...single,
    decoder: conditionalDecoder,
    bbox_head: { type: 'DABDETRHead', embed_dims: C, loss_cls: focal },
  },
  'Deformable DETR': {
    type: 'DeformableDETR',
    ...multi,
    bbox_head: { type: 'DeformableDETRHead', embed_dims: C, loss_cls: focal },
  },
  'Deformable DETR, box refinement': {
    type: 'DeformableDETR',
    ...multi,
    with_box_refine: true,
    bbox_head: { type: 'DeformableDETRHead', embed_dims: C, loss_cls: focal },
  },
  'Deformable DETR, two stages': {
    type: 'DeformableDETR',
    ...multi,
    with_box_refine: true,
    as_two_stage: true,
    bbox_head: { type: 'DeformableDETRHead', embed_dims: C, loss_cls: focal },
  },
  DINO: {
    type: 'DINO',
    ...multi,
    with_box_refine: true,
    as_two_stage: true,
    bbox_head: { type: 'DINOHead', embed_dims: C, loss_cls: focal },
  },
  'RT-DETR': {
    type: 'RTDETR',
    backbone: { ...multi.backbone, out_indices: [1, 2, 3] },
    neck: {
      type: 'HybridEncoder',
      hidden_dim: C,
      depth_mult: 0.34,
      layer_cfg: { self_attn_cfg: attention, ffn_cfg: { ...ffn_cfg, act_cfg: { type: 'GELU' } } },
      projector: mapper,
    },
    decoder: multi.decoder,
    num_queries: 8,
    bbox_head: { type: 'RTDETRHead', embed_dims: C, loss_cls: { type: 'RTDETRVarifocalLoss' } },
    test_cfg: { max_per_img: 10 },
  },
  DDQ: {
    type: 'DDQDETR',
    ...multi,
    with_box_refine: true,
    as_two_stage: true,
    num_queries: 12,
    dqs_cfg: { type: 'nms', iou_threshold: 0.4 },
    bbox_head: { type: 'DDQDETRHead', embed_dims: C, loss_cls: focal },
  },
};
