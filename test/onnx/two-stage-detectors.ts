// Small detectors of two stages, for the tests of exported models.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { backbone, data_preprocessor, fpn } from './exported';

const rpn_head = {
  type: 'RPNHead',
  feat_channels: 16,
  anchor_generator: { type: 'AnchorGenerator', scales: [4], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] },
  loss_bbox: { type: 'L1Loss' },
};
const rpn = { nms_pre: 100, max_per_img: 40, nms: { type: 'nms', iou_threshold: 0.7 }, min_bbox_size: 0 };
const rcnn = { score_thr: 0.2, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 20, mask_thr_binary: 0.5 };
const test_cfg = { rpn, rcnn };
const extractor = (bins: number, more = {}) => ({
  type: 'SingleRoIExtractor',
  roi_layer: { type: 'RoIAlign', output_size: bins, sampling_ratio: 0, ...more },
  finest_scale: 14,
});
const head = { type: 'Shared2FCBBoxHead', fc_out_channels: 32 };
const standard = (more = {}) => ({
  type: 'StandardRoIHead',
  bbox_roi_extractor: extractor(5),
  bbox_head: { ...head, roi_feat_size: 5 },
  ...more,
});
const cascade = (more = {}) => ({
  type: 'CascadeRoIHead',
  num_stages: 3,
  stage_loss_weights: [1, 0.5, 0.25],
  bbox_roi_extractor: extractor(5),
  bbox_head: { ...head, roi_feat_size: 5, reg_class_agnostic: true },
  ...more,
});
const masks = {
  mask_roi_extractor: extractor(6),
  mask_head: { type: 'FCNMaskHead', num_convs: 2, conv_out_channels: 16 },
};
const htcMask = { ...masks.mask_head, type: 'HTCMaskHead' };
const semantic = {
  semantic_roi_extractor: {
    type: 'SingleRoIExtractor',
    roi_layer: { type: 'RoIAlign', output_size: 6, sampling_ratio: 0 },
  },
  semantic_head: {
    type: 'FusedSemanticHead',
    num_ins: 5,
    fusion_level: 1,
    num_convs: 1,
    conv_out_channels: 16,
    num_classes: 4,
  },
};
const detector = (type: string, roi_head: object, more = {}): ModuleConfig => ({
  type,
  backbone,
  neck: fpn(),
  rpn_head,
  roi_head,
  test_cfg,
  ...more,
});

const dynamic_conv_cfg = { type: 'DynamicConv', in_channels: 16, feat_channels: 4, out_channels: 16 };
/** Of learned proposals. */
const objects = (type: string, more = {}): ModuleConfig =>
  detector(
    type,
    {
      type: 'SparseRoIHead',
      num_stages: 2,
      stage_loss_weights: [1, 1],
      bbox_roi_extractor: extractor(5, { sampling_ratio: 2 }),
      bbox_head: {
        type: 'DIIHead',
        num_heads: 2,
        feedforward_channels: 16,
        dynamic_conv_cfg: { ...dynamic_conv_cfg, input_feat_shape: 5 },
        loss_cls: { type: 'FocalLoss' },
        bbox_coder: { type: 'DeltaXYWHBBoxCoder', clip_border: false, target_stds: [0.5, 0.5, 1, 1] },
      },
      ...more,
    },
    {
      rpn_head: { type: 'EmbeddingRPNHead', num_proposals: 12, proposal_feature_channel: 16 },
      test_cfg: { rcnn: { max_per_img: 10, mask_thr_binary: 0.5 } },
    },
  );
const cascadeStage = {
  type: 'StageCascadeRPNHead',
  feat_channels: 8,
  anchor_generator: { type: 'AnchorGenerator', scales: [4], ratios: [1], strides: [4, 8, 16, 32, 64] },
};
const trident = (test_branch_idx: number): ModuleConfig => ({
  type: 'TridentFasterRCNN',
  backbone: {
    type: 'TridentResNet',
    depth: 50,
    base_channels: 2,
    num_stages: 3,
    out_indices: [2],
    num_branch: 3,
    test_branch_idx,
    trident_dilations: [1, 2, 3],
  },
  rpn_head: { ...rpn_head, anchor_generator: { ...rpn_head.anchor_generator, strides: [16] } },
  roi_head: standard({ type: 'TridentRoIHead', num_branch: 3, test_branch_idx }),
  test_cfg,
});

export const TWO_STAGE: Record<string, ModuleConfig> = {
  'Sparse R-CNN': objects('SparseRCNN'),
  QueryInst: objects('QueryInst', {
    mask_roi_extractor: extractor(6, { sampling_ratio: 2 }),
    mask_head: {
      type: 'DynamicMaskHead',
      num_convs: 1,
      conv_out_channels: 16,
      dynamic_conv_cfg: { ...dynamic_conv_cfg, input_feat_shape: 6, with_proj: false },
    },
  }),
  'Faster R-CNN': detector('FasterRCNN', standard()),
  'Faster R-CNN, one box for all classes, fixed sampling': detector(
    'TwoStageDetector',
    standard({
      type: 'DynamicRoIHead',
      bbox_roi_extractor: extractor(5, { sampling_ratio: 2, aligned: false }),
      bbox_head: { ...head, roi_feat_size: 5, reg_class_agnostic: true },
    }),
  ),
  'Deformable RoI pooling without offsets': detector(
    'FasterRCNN',
    standard({ bbox_roi_extractor: { ...extractor(5), roi_layer: { type: 'DeformRoIPool', output_size: 5 } } }),
  ),
  ...Object.fromEntries(
    ['DeformRoIPoolPack', 'ModulatedDeformRoIPoolPack'].map((type) => {
      const roi_layer = { type, output_size: [4, 5], deform_fc_channels: 8, sampling_ratio: type[0] === 'D' ? 0 : 2 };
      return [
        type,
        detector('FasterRCNN', standard({ bbox_roi_extractor: { ...extractor(5), roi_layer }, bbox_head: head })),
      ];
    }),
  ),
  ...Object.fromEntries(
    ['PSRoIPool', 'PSRoIAlign'].map((type) => [
      `R-FCN, ${type}`,
      detector(
        'RFCN',
        {
          type: 'RFCNRoIHead',
          feat_channels: 16,
          bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type, output_size: [3, 4] } },
          bbox_head: { type: 'RFCNBBoxHead', reg_class_agnostic: type === 'PSRoIPool' },
        },
        {
          neck: null,
          backbone: { ...backbone, strides: [1, 2, 2, 1], dilations: [1, 1, 1, 2], out_indices: [2, 3] },
          rpn_head: { ...rpn_head, anchor_generator: { ...rpn_head.anchor_generator, strides: [16] } },
        },
      ),
    ]),
  ),
  'Shared4Conv1FC, GroupNorm': detector(
    'FasterRCNN',
    standard({
      type: 'PISARoIHead',
      bbox_head: {
        ...head,
        type: 'Shared4Conv1FCBBoxHead',
        conv_out_channels: 16,
        roi_feat_size: 5,
        norm_cfg: { type: 'GN', num_groups: 4 },
      },
    }),
  ),
  'branches of a ConvFCBBoxHead': detector(
    'FasterRCNN',
    standard({
      bbox_head: {
        type: 'ConvFCBBoxHead',
        num_shared_convs: 1,
        num_cls_fcs: 1,
        num_reg_convs: 2,
        conv_out_channels: 16,
        fc_out_channels: 32,
        roi_feat_size: 5,
      },
    }),
  ),
  GRoIE: detector(
    'FasterRCNN',
    standard({
      bbox_roi_extractor: {
        type: 'GenericRoIExtractor',
        aggregation: 'sum',
        roi_layer: { type: 'RoIAlign', output_size: 5, sampling_ratio: 2 },
        pre_cfg: { type: 'ConvModule', in_channels: 16, out_channels: 16, kernel_size: 5, padding: 2 },
        post_cfg: {
          type: 'GeneralizedAttention',
          in_channels: 16,
          spatial_range: -1,
          num_heads: 2,
          attention_type: '0100',
          kv_stride: 2,
        },
      },
    }),
  ),
  AugFPN: detector(
    'FasterRCNN',
    standard({
      bbox_roi_extractor: {
        type: 'SoftRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 5, sampling_ratio: 2 },
      },
    }),
  ),
  C4: {
    type: 'FasterRCNN',
    backbone: { type: 'ResNet', depth: 18, num_stages: 1, out_indices: [0] },
    rpn_head: { ...rpn_head, anchor_generator: { ...rpn_head.anchor_generator, strides: [4] } },
    roi_head: {
      type: 'StandardRoIHead',
      shared_head: { type: 'ResLayer', depth: 18, stage: 1, stride: 2 },
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 6, sampling_ratio: 0 },
      },
      bbox_head: { type: 'BBoxHead', with_avg_pool: true, roi_feat_size: 3 },
      mask_head: { type: 'FCNMaskHead', num_convs: 0, conv_out_channels: 16 },
    },
    test_cfg,
  },
  TridentNet: trident(1),
  'TridentNet, detections of all branches': trident(-1),
  'Cascade RPN': detector('FasterRCNN', standard(), {
    rpn_head: {
      type: 'CascadeRPNHead',
      num_stages: 2,
      stages: [
        { ...cascadeStage, bridged_feature: true, with_cls: false },
        { ...cascadeStage, adapt_cfg: { type: 'offset' } },
      ],
    },
  }),
  CrowdDet: detector('CrowdDet', {
    type: 'MultiInstanceRoIHead',
    bbox_roi_extractor: extractor(5),
    bbox_head: { type: 'MultiInstanceBBoxHead', fc_out_channels: 8 },
  }),
  'CrowdDet, refined': detector('CrowdDet', {
    type: 'MultiInstanceRoIHead',
    bbox_roi_extractor: extractor(5),
    bbox_head: { type: 'MultiInstanceBBoxHead', fc_out_channels: 8, with_refine: true },
  }),
  'first stage without anchors': detector('FasterRCNN', standard(), {
    neck: fpn({ start_level: 1, add_extra_convs: 'on_output' }),
    rpn_head: { type: 'FCOSHead', strides: [8, 16, 32, 64, 128], feat_channels: 32, stacked_convs: 1 },
    test_cfg: { rpn: { ...rpn, nms_pre: 40 }, rcnn },
  }),
  'Cascade R-CNN': detector('CascadeRCNN', cascade()),
  'Cascade R-CNN, boxes by class': detector('CascadeRCNN', cascade({ bbox_head: { ...head, roi_feat_size: 5 } })),
  'Mask R-CNN': detector('MaskRCNN', standard(masks)),
  'Mask R-CNN, one mask for all classes, bilinear': detector(
    'MaskRCNN',
    standard({
      ...masks,
      mask_head: { ...masks.mask_head, class_agnostic: true, upsample_cfg: { type: 'bilinear', scale_factor: 2 } },
    }),
  ),
  'Mask R-CNN, CARAFE': detector(
    'MaskRCNN',
    standard({ ...masks, mask_head: { ...masks.mask_head, upsample_cfg: { type: 'carafe', up_kernel: 3 } } }),
  ),
  'Cascade Mask R-CNN': detector('CascadeRCNN', cascade(masks)),
  'Mask Scoring R-CNN': detector(
    'MaskScoringRCNN',
    standard({
      ...masks,
      type: 'MaskScoringRoIHead',
      mask_iou_head: {
        type: 'MaskIoUHead',
        num_convs: 1,
        num_fcs: 1,
        roi_feat_size: 6,
        conv_out_channels: 4,
        fc_out_channels: 8,
      },
    }),
  ),
  'Double-Head R-CNN': detector(
    'FasterRCNN',
    standard({
      type: 'DoubleHeadRoIHead',
      reg_roi_scale_factor: 1.3,
      bbox_head: { type: 'DoubleConvFCBBoxHead', num_convs: 1, num_fcs: 1, conv_out_channels: 8, fc_out_channels: 8 },
    }),
  ),
  SABL: detector(
    'FasterRCNN',
    standard({
      bbox_head: {
        type: 'SABLHead',
        cls_out_channels: 8,
        reg_cls_out_channels: 16,
        reg_offset_out_channels: 16,
        bbox_coder: { type: 'BucketingBBoxCoder', num_buckets: 10, scale_factor: 1.7 },
      },
    }),
  ),
  'Grid R-CNN': detector(
    'GridRCNN',
    standard({
      type: 'GridRoIHead',
      bbox_head: { ...head, roi_feat_size: 5, with_reg: false },
      grid_roi_extractor: extractor(6),
      grid_head: {
        type: 'GridHead',
        grid_points: 9,
        num_convs: 1,
        roi_feat_size: 6,
        point_feat_channels: 4,
        norm_cfg: { type: 'GN', num_groups: 9 },
      },
    }),
  ),
  'Hybrid Task Cascade': detector(
    'HybridTaskCascade',
    cascade({
      ...masks,
      ...semantic,
      type: 'HybridTaskCascadeRoIHead',
      num_stages: 2,
      stage_loss_weights: [1, 0.5],
      mask_head: [
        { ...htcMask, with_conv_res: false },
        { ...htcMask, with_conv_res: true },
      ],
    }),
  ),
  SCNet: detector(
    'SCNet',
    cascade({
      ...masks,
      ...semantic,
      type: 'SCNetRoIHead',
      num_stages: 2,
      stage_loss_weights: [1, 0.5],
      bbox_head: { ...head, type: 'SCNetBBoxHead', num_shared_fcs: 1, roi_feat_size: 5, reg_class_agnostic: true },
      mask_head: { ...masks.mask_head, type: 'SCNetMaskHead' },
      semantic_head: { ...semantic.semantic_head, type: 'SCNetSemanticHead', num_convs: 2 },
      glbctx_head: { type: 'GlobalContextHead', num_convs: 1, conv_out_channels: 16 },
      feat_relay_head: { type: 'FeatureRelayHead', in_channels: 32, out_conv_channels: 16, roi_feat_size: 3 },
    }),
  ),
  PointRend: detector(
    'PointRend',
    standard({
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
    {
      test_cfg: {
        rpn,
        rcnn: { ...rcnn, subdivision_steps: 3, subdivision_num_points: 40, scale_factor: 2 },
      },
    },
  ),
};

/** Learned from images without labels; the student and the teacher differ here. */
const semi = (type: string, more: object, predict_on: string): ModuleConfig => ({
  type,
  data_preprocessor: { type: 'MultiBranchDataPreprocessor', data_preprocessor },
  detector: { data_preprocessor, ...TWO_STAGE['Faster R-CNN'] },
  semi_train_cfg: { cls_pseudo_thr: 0.9, ...more },
  semi_test_cfg: { predict_on },
});
const soft = { pseudo_label_initial_score_thr: 0.5, rpn_pseudo_thr: 0.9, reg_pseudo_thr: 0.02 };
TWO_STAGE['Soft Teacher'] = semi('SoftTeacher', { ...soft, jitter_times: 10, jitter_scale: 0.06 }, 'teacher');
TWO_STAGE['a student with a teacher'] = semi('SemiBaseDetector', {}, 'student');

const { rpn_head: _first, ...second } = TWO_STAGE['Faster R-CNN'] as Record<string, unknown>;
/** Its proposals come with the data. */
export const FAST_RCNN = { ...second, type: 'FastRCNN', test_cfg: { rcnn } } as ModuleConfig;
