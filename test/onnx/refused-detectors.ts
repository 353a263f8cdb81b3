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

const yolo = { nms_pre: 100, score_thr: 0.1, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 10 };
const points = { type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] };

export const REFUSED: Record<string, ModuleConfig> = {
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
  'YOLOv5 with masks': {
    type: 'YOLODetector',
    backbone: { type: 'YOLOv5CSPDarknet', deepen_factor: 0.1, widen_factor: 0.125 },
    neck: { type: 'YOLOv5PAFPN', deepen_factor: 0.1 },
    bbox_head: { type: 'YOLOv5InsHead', head_module: { type: 'YOLOv5InsHeadModule', proto_channels: 16 } },
    test_cfg: yolo,
  },
  'RTMDet with masks': {
    type: 'RTMDet',
    backbone: { type: 'CSPNeXt', deepen_factor: 0.1, widen_factor: 0.125 },
    neck: { type: 'CSPNeXtPAFPN', out_channels: 32, num_csp_blocks: 1 },
    bbox_head: { type: 'RTMDetInsSepBNHead', feat_channels: 32, stacked_convs: 1, anchor_generator: points },
    test_cfg: { nms: { type: 'nms', iou_threshold: 0.5 } },
  },
  "MMYOLO's RTMDet with masks": {
    type: 'YOLODetector',
    backbone: { type: 'mmyolo.CSPNeXt', deepen_factor: 0.1, widen_factor: 0.125 },
    neck: { type: 'mmyolo.CSPNeXtPAFPN', out_channels: 256, deepen_factor: 0.1, widen_factor: 0.125 },
    bbox_head: {
      type: 'mmyolo.RTMDetInsSepBNHead',
      head_module: { type: 'RTMDetInsSepBNHeadModule', feat_channels: 32, stacked_convs: 1 },
      prior_generator: points,
    },
    test_cfg: yolo,
  },
};
