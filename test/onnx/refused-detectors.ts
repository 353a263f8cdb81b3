// Small detectors that have no form in ONNX: saving one says so.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { backbone, fpn } from './exported';
import { TWO_STAGE } from './two-stage-detectors';

const { rpn_head, test_cfg } = TWO_STAGE['Faster R-CNN'] as Record<string, unknown>;
const extractor = (bins: number) => ({
  type: 'SingleRoIExtractor',
  roi_layer: { type: 'RoIAlign', output_size: bins, sampling_ratio: 0 },
});
const head = { type: 'Shared2FCBBoxHead', fc_out_channels: 16 };
const masks = {
  mask_roi_extractor: extractor(6),
  mask_head: { type: 'FCNMaskHead', num_convs: 1, conv_out_channels: 8 },
};
const detector = (type: string, roi_head: object): ModuleConfig => ({
  type,
  backbone,
  neck: fpn(),
  rpn_head,
  roi_head: { bbox_roi_extractor: extractor(5), bbox_head: head, ...roi_head },
  test_cfg,
});

const semantic = {
  semantic_roi_extractor: extractor(6),
  semantic_head: {
    type: 'FusedSemanticHead',
    num_ins: 5,
    fusion_level: 1,
    num_convs: 1,
    conv_out_channels: 16,
    num_classes: 4,
  },
};
const cascade = { num_stages: 1, stage_loss_weights: [1], bbox_head: { ...head, reg_class_agnostic: true } };

const attention = { embed_dims: 16, num_heads: 2 };
const ffn_cfg = { embed_dims: 16, feedforward_channels: 16 };
const sine = { num_feats: 8, normalize: true };
const maskFormer = (type: string, pixel_decoder: object, more: object = {}): ModuleConfig => ({
  type,
  backbone,
  panoptic_head: {
    type: `${type}Head`,
    feat_channels: 16,
    out_channels: 16,
    num_stuff_classes: 1,
    num_queries: 4,
    pixel_decoder: { norm_cfg: { type: 'GN', num_groups: 4 }, ...pixel_decoder },
    positional_encoding: sine,
    transformer_decoder: {
      num_layers: 1,
      layer_cfg: { self_attn_cfg: attention, cross_attn_cfg: attention, ffn_cfg },
    },
    ...more,
  },
  panoptic_fusion_head: { type: 'MaskFormerFusionHead', num_stuff_classes: 1 },
});

export const REFUSED: Record<string, ModuleConfig> = {
  'Panoptic FPN': {
    ...detector('PanopticFPN', { type: 'StandardRoIHead', ...masks }),
    semantic_head: { type: 'PanopticFPNHead', num_stuff_classes: 1, inner_channels: 4, norm_cfg: null },
    panoptic_fusion_head: { type: 'HeuristicFusionHead', num_stuff_classes: 1 },
    test_cfg: { ...(test_cfg as object), panoptic: { mask_overlap: 0.5, stuff_area_limit: 10 } },
  },
  MaskFormer: maskFormer('MaskFormer', { type: 'PixelDecoder' }),
  'MaskFormer with an encoder': maskFormer('MaskFormer', {
    type: 'TransformerEncoderPixelDecoder',
    encoder: { num_layers: 1, layer_cfg: { self_attn_cfg: attention, ffn_cfg } },
    positional_encoding: sine,
  }),
  Mask2Former: maskFormer('Mask2Former', {
    type: 'MSDeformAttnPixelDecoder',
    encoder: {
      num_layers: 1,
      layer_cfg: { self_attn_cfg: { ...attention, num_levels: 3, num_points: 1 }, ffn_cfg },
    },
    positional_encoding: sine,
  }),
  'Hybrid Task Cascade': detector('HybridTaskCascade', {
    ...cascade,
    ...masks,
    ...semantic,
    type: 'HybridTaskCascadeRoIHead',
    mask_head: { ...masks.mask_head, type: 'HTCMaskHead', with_conv_res: false },
  }),
  SCNet: detector('SCNet', {
    ...cascade,
    ...masks,
    ...semantic,
    type: 'SCNetRoIHead',
    bbox_head: { ...cascade.bbox_head, type: 'SCNetBBoxHead', num_shared_fcs: 1 },
    mask_head: { ...masks.mask_head, type: 'SCNetMaskHead', num_convs: 2, conv_out_channels: 16 },
    semantic_head: { ...semantic.semantic_head, type: 'SCNetSemanticHead', num_convs: 2 },
    glbctx_head: { type: 'GlobalContextHead', num_convs: 1, conv_out_channels: 16 },
    feat_relay_head: { type: 'FeatureRelayHead', in_channels: 16, out_conv_channels: 16, roi_feat_size: 3 },
  }),
  'Grid R-CNN': detector('GridRCNN', {
    type: 'GridRoIHead',
    bbox_head: { ...head, with_reg: false },
    grid_roi_extractor: extractor(6),
    grid_head: {
      type: 'GridHead',
      grid_points: 4,
      num_convs: 1,
      roi_feat_size: 6,
      point_feat_channels: 4,
      norm_cfg: { type: 'GN', num_groups: 4 },
    },
  }),
  PointRend: {
    ...detector('PointRend', {
      type: 'PointRendRoIHead',
      mask_roi_extractor: {
        type: 'GenericRoIExtractor',
        aggregation: 'concat',
        featmap_strides: [4],
        roi_layer: { type: 'SimpleRoIAlign', output_size: 6 },
      },
      mask_head: { type: 'CoarseMaskHead', num_fcs: 1, conv_out_channels: 4, fc_out_channels: 8, roi_feat_size: 6 },
      point_head: { type: 'MaskPointHead', num_fcs: 1, fc_channels: 8 },
    }),
    test_cfg: {
      ...(test_cfg as object),
      rcnn: {
        score_thr: 0.2,
        nms: { type: 'nms', iou_threshold: 0.5 },
        subdivision_steps: 2,
        subdivision_num_points: 16,
        scale_factor: 2,
      },
    },
  },
  SABL: detector('FasterRCNN', {
    type: 'StandardRoIHead',
    bbox_head: {
      type: 'SABLHead',
      cls_out_channels: 8,
      reg_cls_out_channels: 16,
      reg_offset_out_channels: 16,
      bbox_coder: { type: 'BucketingBBoxCoder', num_buckets: 10, scale_factor: 1.7 },
    },
  }),
  'Mask Scoring R-CNN': detector('MaskScoringRCNN', {
    type: 'MaskScoringRoIHead',
    ...masks,
    mask_iou_head: {
      type: 'MaskIoUHead',
      num_convs: 1,
      num_fcs: 1,
      roi_feat_size: 6,
      conv_out_channels: 4,
      fc_out_channels: 8,
    },
  }),
  'Double-Head R-CNN': detector('FasterRCNN', {
    type: 'DoubleHeadRoIHead',
    reg_roi_scale_factor: 1.3,
    bbox_head: { type: 'DoubleConvFCBBoxHead', num_convs: 1, num_fcs: 1, conv_out_channels: 8, fc_out_channels: 8 },
  }),
};
