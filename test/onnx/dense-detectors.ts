// Small detectors of one stage, one of each family.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { backbone, cut, fpn } from './exported';

const anchors = { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 };
const widths = { feat_channels: 32, stacked_convs: 2 };
const yolo = { nms_pre: 300, score_thr: 0.3, nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 20 };

/** A small detector of MMYOLO: an eighth of the channels. With SiLU many scores would be equal but for rounding. */
function mmyolo(backbone: object, neck: object, bbox_head: object, more: object = {}): ModuleConfig {
  const scale = { deepen_factor: 0.1, widen_factor: 0.125, act_cfg: { type: 'LeakyReLU' } };
  const parts = { backbone: { ...scale, ...backbone }, neck: { ...scale, ...neck }, bbox_head };
  return { type: 'YOLODetector', ...parts, test_cfg: { ...yolo, ...more } };
}
const wide = [256, 512, 1024];
const eighth = { widen_factor: 0.125 };
/** Of scores that are a class times an object. */
const product = { score_thr: 0.15 };

export const DENSE: Record<string, ModuleConfig> = {
  RetinaNet: {
    type: 'RetinaNet',
    backbone,
    neck: fpn(),
    bbox_head: { type: 'RetinaHead', ...widths },
    test_cfg: cut,
  },
  'RetinaNet, norms by level': {
    type: 'RetinaNet',
    backbone,
    neck: fpn(),
    bbox_head: { type: 'RetinaSepBNHead', ...widths, norm_cfg: { type: 'BN' } },
    test_cfg: cut,
  },
  FCOS: {
    type: 'FCOS',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output', relu_before_extra_convs: true }),
    bbox_head: { type: 'FCOSHead', strides: [8, 16, 32, 64, 128], ...widths },
    test_cfg: cut,
  },
  YOLOv8: {
    type: 'YOLODetector',
    backbone: { type: 'YOLOv8CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
    neck: {
      type: 'YOLOv8PAFPN',
      in_channels: [256, 512, 1024],
      out_channels: [256, 512, 1024],
      deepen_factor: 0.33,
      widen_factor: 0.125,
    },
    bbox_head: {
      type: 'YOLOv8Head',
      head_module: { type: 'YOLOv8HeadModule', in_channels: [256, 512, 1024], widen_factor: 0.125 },
    },
    test_cfg: yolo,
  },
  YOLOv5: mmyolo(
    { type: 'YOLOv5CSPDarknet' },
    { type: 'YOLOv5PAFPN', in_channels: wide, out_channels: wide, num_csp_blocks: 1 },
    { type: 'YOLOv5Head', head_module: { type: 'YOLOv5HeadModule', in_channels: wide, ...eighth } },
    product,
  ),
  YOLOv7: mmyolo(
    { type: 'YOLOv7Backbone', arch: 'Tiny' },
    {
      type: 'YOLOv7PAFPN',
      is_tiny_version: true,
      in_channels: [128, 256, 512],
      out_channels: [64, 128, 256],
      block_cfg: { type: 'TinyDownSampleBlock', middle_ratio: 0.25 },
    },
    { type: 'YOLOv7Head', head_module: { type: 'YOLOv7HeadModule', in_channels: [128, 256, 512], ...eighth } },
    product,
  ),
  'YOLOv7, four levels': mmyolo(
    { type: 'YOLOv7Backbone', arch: 'W', out_indices: [2, 3, 4, 5] },
    { type: 'YOLOv7PAFPN', in_channels: [256, 512, 768, 1024], out_channels: [128, 256, 384, 512] },
    {
      type: 'YOLOv7Head',
      head_module: {
        type: 'YOLOv7p6HeadModule',
        in_channels: [128, 256, 384, 512],
        featmap_strides: [8, 16, 32, 64],
        main_out_channels: [16, 16, 16, 16],
        ...eighth,
      },
      prior_generator: {
        type: 'YOLOAnchorGenerator',
        base_sizes: [8, 16, 32, 64].map((side) => [
          [side, 2 * side],
          [2 * side, side],
          [2 * side, 2 * side],
        ]),
        strides: [8, 16, 32, 64],
      },
      obj_level_weights: [4, 1, 0.25, 0.06],
    },
    product,
  ),
  YOLOv6: mmyolo(
    { type: 'YOLOv6EfficientRep' },
    { type: 'YOLOv6RepPAFPN', in_channels: wide, out_channels: [128, 256, 512], num_csp_blocks: 6 },
    { type: 'YOLOv6Head', head_module: { type: 'YOLOv6HeadModule', in_channels: [128, 256, 512], ...eighth } },
  ),
  'YOLOv6, distributions of distances': mmyolo(
    { type: 'YOLOv6CSPBep', use_cspsppf: true },
    { type: 'YOLOv6CSPRepPAFPN', in_channels: wide, out_channels: [128, 256, 512], num_csp_blocks: 6 },
    {
      type: 'YOLOv6Head',
      head_module: { type: 'YOLOv6HeadModule', in_channels: [128, 256, 512], reg_max: 16, ...eighth },
    },
  ),
  'PP-YOLOE': mmyolo(
    { type: 'PPYOLOECSPResNet', use_large_stem: true },
    { type: 'PPYOLOECSPPAFPN', in_channels: wide, out_channels: [192, 384, 768], use_spp: true },
    { type: 'PPYOLOEHead', head_module: { type: 'PPYOLOEHeadModule', in_channels: [192, 384, 768], ...eighth } },
  ),
  "MMYOLO's YOLOX": mmyolo(
    { type: 'YOLOXCSPDarknet' },
    { type: 'mmyolo.YOLOXPAFPN', in_channels: wide, out_channels: 256 },
    {
      type: 'mmyolo.YOLOXHead',
      head_module: { type: 'YOLOXHeadModule', in_channels: 256, feat_channels: 256, ...eighth },
    },
    { ...product, yolox_style: true },
  ),
  "MMYOLO's RTMDet": mmyolo(
    { type: 'mmyolo.CSPNeXt' },
    { type: 'mmyolo.CSPNeXtPAFPN', in_channels: wide, out_channels: 256, num_csp_blocks: 1 },
    {
      type: 'mmyolo.RTMDetHead',
      head_module: { type: 'RTMDetSepBNHeadModule', in_channels: 256, feat_channels: 256, ...eighth },
    },
  ),
  YOLOX: {
    type: 'YOLOX',
    backbone: { type: 'CSPDarknet', deepen_factor: 0.33, widen_factor: 0.125 },
    neck: { type: 'YOLOXPAFPN', out_channels: 16, num_csp_blocks: 1 },
    bbox_head: { type: 'YOLOXHead', ...widths, strides: [8, 16, 32] },
    test_cfg: { score_thr: 0.15, nms: { type: 'nms', iou_threshold: 0.65 } },
  },
  ATSS: {
    type: 'ATSS',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: { type: 'ATSSHead', anchor_generator: { ...anchors, strides: [8, 16, 32, 64, 128] }, ...widths },
    test_cfg: cut,
  },
  GFL: {
    type: 'GFL',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: {
      type: 'GFLHead',
      anchor_generator: { ...anchors, strides: [8, 16, 32, 64, 128] },
      loss_cls: { type: 'QualityFocalLoss' },
      ...widths,
    },
    test_cfg: cut,
  },
  TOOD: {
    type: 'TOOD',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: {
      type: 'TOODHead',
      anchor_generator: { ...anchors, strides: [8, 16, 32, 64, 128] },
      loss_bbox: { type: 'GIoULoss' },
      ...widths,
    },
    test_cfg: cut,
  },
  'PISA, RetinaNet': {
    type: 'RetinaNet',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_input' }),
    bbox_head: {
      type: 'PISARetinaHead',
      anchor_generator: { ...anchors, strides: [8, 16, 32, 64, 128] },
      ...widths,
    },
    test_cfg: cut,
  },
  VFNet: {
    type: 'VFNet',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output', relu_before_extra_convs: true }),
    bbox_head: {
      type: 'VFNetHead',
      anchor_generator: { ...anchors, center_offset: 0, strides: [8, 16, 32, 64, 128] },
      ...widths,
    },
    test_cfg: cut,
  },
  FoveaBox: {
    type: 'FOVEA',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_input' }),
    bbox_head: { type: 'FoveaHead', strides: [8, 16, 32, 64, 128], with_deform: true, ...widths, feat_channels: 16 },
    test_cfg: cut,
  },
  RepPoints: {
    type: 'RepPointsDetector',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_input' }),
    bbox_head: { type: 'RepPointsHead', point_strides: [8, 16, 32, 64, 128], point_feat_channels: 16, ...widths },
    test_cfg: cut,
  },
  'Guided Anchoring': {
    type: 'RetinaNet',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_input' }),
    bbox_head: {
      type: 'GARetinaHead',
      approx_anchor_generator: { ...anchors, octave_base_scale: 4, scales_per_octave: 3, ratios: [0.5, 1, 2] },
      square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4] },
      deform_groups: 2,
      ...widths,
      feat_channels: 16,
    },
    test_cfg: cut,
  },
  'Guided anchors without towers': {
    type: 'RetinaNet',
    backbone,
    neck: fpn(),
    bbox_head: {
      type: 'GuidedAnchorHead',
      approx_anchor_generator: { ...anchors, octave_base_scale: 4, scales_per_octave: 3, ratios: [0.5, 1, 2] },
      square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4] },
      loss_cls: { type: 'FocalLoss' },
      feat_channels: 16,
    },
    test_cfg: cut,
  },
  PAA: {
    type: 'PAA',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: {
      type: 'PAAHead',
      anchor_generator: anchors,
      loss_cls: { type: 'FocalLoss' },
      ...widths,
    },
    test_cfg: { ...cut, nms_pre: 50 },
  },
  LAD: {
    type: 'LAD',
    backbone,
    neck: fpn(),
    bbox_head: {
      type: 'LADHead',
      anchor_generator: anchors,
      score_voting: false,
      loss_cls: { type: 'FocalLoss' },
      ...widths,
    },
    teacher_backbone: backbone,
    teacher_neck: fpn(),
    teacher_bbox_head: { type: 'LADHead', anchor_generator: anchors, loss_cls: { type: 'FocalLoss' }, ...widths },
    test_cfg: cut,
  },
  DDOD: {
    type: 'DDOD',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: { type: 'DDODHead', anchor_generator: anchors, loss_cls: { type: 'FocalLoss' }, ...widths },
    test_cfg: cut,
  },
  LD: {
    type: 'KnowledgeDistillationSingleStageDetector',
    teacher_config: {
      model: {
        type: 'GFL',
        backbone,
        neck: fpn(),
        bbox_head: {
          type: 'GFLHead',
          num_classes: 3,
          anchor_generator: anchors,
          loss_cls: { type: 'QualityFocalLoss' },
          ...widths,
        },
      },
    },
    backbone,
    neck: fpn(),
    bbox_head: { type: 'LDHead', anchor_generator: anchors, loss_cls: { type: 'QualityFocalLoss' }, ...widths },
    test_cfg: { ...cut, score_thr: 0.05 },
  },
  CenterNet: {
    type: 'CenterNet',
    backbone,
    neck: { type: 'CTResNetNeck', num_deconv_filters: [16, 16, 8], num_deconv_kernels: [4, 4, 4], use_dcn: true },
    bbox_head: { type: 'CenterNetHead', feat_channels: 8 },
    test_cfg: { topk: 20 },
  },
  'RPN, guided anchors': {
    type: 'RPN',
    backbone,
    neck: fpn(),
    rpn_head: {
      type: 'GARPNHead',
      feat_channels: 16,
      approx_anchor_generator: {
        type: 'AnchorGenerator',
        octave_base_scale: 4,
        scales_per_octave: 3,
        ratios: [0.5, 1, 2],
        strides: [4, 8, 16, 32, 64],
      },
      square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4], strides: [4, 8, 16, 32, 64] },
      loc_filter_thr: 0.5,
    },
    test_cfg: { rpn: { nms_pre: 100, max_per_img: 50, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 } },
  },
  'RetinaNet, buckets of SABL': {
    type: 'RetinaNet',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_input' }),
    bbox_head: {
      type: 'SABLRetinaHead',
      approx_anchor_generator: {
        type: 'AnchorGenerator',
        octave_base_scale: 4,
        scales_per_octave: 3,
        ratios: [0.5, 1, 2],
        strides: [8, 16, 32, 64, 128],
      },
      square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4], strides: [8, 16, 32, 64, 128] },
      ...widths,
    },
    // the score of a class and how sure the sides are
    test_cfg: { ...cut, score_thr: 0.3 },
  },
  CenterNet2: {
    type: 'CenterNet',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: { type: 'CenterNetUpdateHead', strides: [8, 16, 32, 64, 128], ...widths },
    test_cfg: cut,
  },
  FreeAnchor: {
    type: 'RetinaNet',
    backbone,
    neck: fpn(),
    bbox_head: { type: 'FreeAnchorRetinaHead', ...widths },
    test_cfg: cut,
  },
  AutoAssign: {
    type: 'AutoAssign',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output', relu_before_extra_convs: true }),
    bbox_head: { type: 'AutoAssignHead', strides: [8, 16, 32, 64, 128], ...widths },
    test_cfg: cut,
  },
  'NAS-FCOS': {
    type: 'NASFCOS',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    bbox_head: { type: 'NASFCOSHead', strides: [8, 16, 32, 64, 128], feat_channels: 32 },
    test_cfg: cut,
  },
  YOLOF: {
    type: 'YOLOF',
    backbone: { ...backbone, out_indices: [3] },
    neck: {
      type: 'DilatedEncoder',
      out_channels: 32,
      block_mid_channels: 8,
      num_residual_blocks: 2,
      block_dilations: [1, 2],
    },
    bbox_head: {
      type: 'YOLOFHead',
      anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [1, 2, 4], strides: [32] },
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', add_ctr_clamp: true, ctr_clamp: 32 },
    },
    // a class and an object: scores are products
    test_cfg: { ...cut, score_thr: 0.05 },
  },
  FSAF: {
    type: 'FSAF',
    backbone,
    neck: fpn({ start_level: 1, add_extra_convs: 'on_input' }),
    bbox_head: {
      type: 'FSAFHead',
      reg_decoded_bbox: true,
      anchor_generator: { ...anchors, octave_base_scale: 1, strides: [8, 16, 32, 64, 128] },
      bbox_coder: { type: 'TBLRBBoxCoder', normalizer: 4 },
      loss_cls: { type: 'FocalLoss', reduction: 'none' },
      loss_bbox: { type: 'IoULoss', reduction: 'none' },
      ...widths,
    },
    test_cfg: cut,
  },
  RTMDet: {
    type: 'RTMDet',
    backbone: {
      type: 'CSPNeXt',
      deepen_factor: 0.167,
      widen_factor: 0.125,
      norm_cfg: { type: 'BN' },
      act_cfg: { type: 'SiLU' },
    },
    neck: { type: 'CSPNeXtPAFPN', out_channels: 16, num_csp_blocks: 1, expand_ratio: 0.5 },
    bbox_head: {
      type: 'RTMDetSepBNHead',
      ...widths,
      anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] },
    },
    test_cfg: cut,
  },
  'RTMDet, one tower for all levels': {
    type: 'RTMDet',
    backbone: { type: 'CSPNeXt', deepen_factor: 0.167, widen_factor: 0.125 },
    neck: { type: 'CSPNeXtPAFPN', out_channels: 16, num_csp_blocks: 1 },
    bbox_head: {
      type: 'RTMDetHead',
      ...widths,
      anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] },
    },
    test_cfg: cut,
  },
  YOLOv3: {
    type: 'YOLOV3',
    backbone: { type: 'MobileNetV2', out_indices: [2, 4, 6], widen_factor: 0.25 },
    neck: { type: 'YOLOV3Neck', num_scales: 3, out_channels: [32, 16, 16], in_channels: [80, 24, 8] },
    bbox_head: { type: 'YOLOV3Head', out_channels: [32, 16, 16], featmap_strides: [32, 16, 8] },
    test_cfg: { ...cut, conf_thr: 0.3 },
  },
  RPN: {
    type: 'RPN',
    backbone,
    neck: fpn(),
    rpn_head: {
      type: 'RPNHead',
      feat_channels: 16,
      anchor_generator: { type: 'AnchorGenerator', scales: [4], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] },
      loss_bbox: { type: 'L1Loss' },
    },
    test_cfg: { rpn: { nms_pre: 100, max_per_img: 50, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 } },
  },
  SSD: {
    type: 'SingleStageDetector',
    backbone: { type: 'MobileNetV2', out_indices: [4, 7], widen_factor: 0.25 },
    neck: {
      type: 'SSDNeck',
      out_channels: [24, 1280, 32, 32],
      level_strides: [2, 2],
      level_paddings: [1, 1],
      l2_norm_scale: null,
    },
    bbox_head: {
      type: 'SSDHead',
      anchor_generator: {
        type: 'SSDAnchorGenerator',
        min_sizes: [20, 40, 60, 80],
        max_sizes: [40, 60, 80, 100],
        strides: [16, 32, 64, 128],
        ratios: [[2], [2], [2], [2]],
      },
    },
    test_cfg: cut,
  },
};

const { bbox_head: ssdHead, ...ssd } = DENSE.SSD as Record<string, unknown>;
DENSE['PISA, SSD'] = {
  type: 'SingleStageDetector',
  ...ssd,
  bbox_head: { ...(ssdHead as object), type: 'PISASSDHead' },
};
