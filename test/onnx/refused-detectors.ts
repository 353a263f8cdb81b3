// Small detectors that have no form in ONNX: saving one says so.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { backbone, fpn } from './exported';
import { TWO_STAGE } from './two-stage-detectors';

const trident = TWO_STAGE.TridentNet as Record<string, object>;

/** With masks in one stage. */
const segmentor = (type: string, mask_head: object, bbox_head?: object, cfg: object = {}): ModuleConfig => ({
  type,
  backbone,
  neck: fpn({ num_outs: 3, end_level: 2 }),
  ...(bbox_head && { bbox_head }),
  mask_head,
  test_cfg: { score_thr: 0.2, ...cfg },
});
const small = { feat_channels: 8, stacked_convs: 1, norm_cfg: null };
const grids = {
  ...small,
  strides: [8, 8, 8],
  num_grids: [4, 3, 2],
  scale_ranges: [
    [1, 40],
    [20, 80],
    [40, 200],
  ],
};
const strides = { strides: [4, 8, 16] };
const points = {
  ...small,
  ...strides,
  regress_ranges: [
    [-1, 32],
    [32, 64],
    [64, 1e8],
  ],
};
const dynamic = (family: string) =>
  segmentor(
    family,
    {
      type: `${family}MaskHead`,
      feat_channels: 2,
      mask_feature_head: { feat_channels: 8, start_level: 0, end_level: 1, out_channels: 4 },
      num_layers: 3,
      loss_mask: { type: 'DiceLoss' },
    },
    { type: `${family}BboxHead`, ...points, num_params: 23 },
    { nms: { type: 'nms', iou_threshold: 0.5 } },
  );

const extractor = (bins: number) => ({
  type: 'SingleRoIExtractor',
  roi_layer: { type: 'RoIAlign', output_size: bins, sampling_ratio: 2 },
});
const dynamic_conv_cfg = { type: 'DynamicConv', in_channels: 16, feat_channels: 4, out_channels: 16 };
const objects = (type: string, more: object, selection = {}): ModuleConfig => ({
  type,
  backbone,
  neck: fpn(),
  rpn_head: { type: 'EmbeddingRPNHead', num_proposals: 8, proposal_feature_channel: 16 },
  roi_head: {
    type: 'SparseRoIHead',
    num_stages: 1,
    stage_loss_weights: [1],
    bbox_roi_extractor: extractor(5),
    bbox_head: {
      type: 'DIIHead',
      num_heads: 2,
      feedforward_channels: 16,
      dynamic_conv_cfg: { ...dynamic_conv_cfg, input_feat_shape: 5 },
      loss_cls: { type: 'FocalLoss' },
    },
    ...more,
  },
  test_cfg: { rcnn: { max_per_img: 10, ...selection } },
});
const corners = (head: object): ModuleConfig => ({
  type: 'CornerNet',
  backbone: {
    type: 'HourglassNet',
    downsample_times: 1,
    num_stacks: 1,
    stage_channels: [8, 8],
    stage_blocks: [1, 1],
    feat_channel: 8,
  },
  bbox_head: { num_feat_levels: 1, ...head },
  test_cfg: { nms: { type: 'soft_nms', iou_threshold: 0.5, method: 'gaussian' } },
});

export const REFUSED: Record<string, ModuleConfig> = {
  'TridentNet, detections of all branches': {
    ...TWO_STAGE.TridentNet,
    backbone: { ...trident.backbone, test_branch_idx: -1 },
    roi_head: { ...trident.roi_head, test_branch_idx: -1 },
  },
  SOLO: segmentor('SOLO', { type: 'DecoupledSOLOHead', ...grids }),
  'SOLO, light': segmentor('SOLO', { type: 'DecoupledSOLOLightHead', ...grids }),
  SOLOv2: segmentor('SOLOv2', {
    type: 'SOLOV2Head',
    ...grids,
    mask_feature_head: { feat_channels: 8, start_level: 0, end_level: 1, out_channels: 8 },
  }),
  YOLACT: segmentor(
    'YOLACT',
    { type: 'YOLACTProtonet', num_protos: 4, proto_channels: [8, 4], proto_kernel_sizes: [3, 1] },
    {
      type: 'YOLACTHead',
      num_protos: 4,
      feat_channels: 8,
      anchor_generator: {
        type: 'AnchorGenerator',
        octave_base_scale: 3,
        scales_per_octave: 1,
        ratios: [1],
        ...strides,
      },
    },
  ),
  CondInst: dynamic('CondInst'),
  BoxInst: { ...dynamic('BoxInst'), data_preprocessor: { type: 'BoxInstDataPreprocessor' } },
  QueryInst: objects(
    'QueryInst',
    {
      mask_roi_extractor: extractor(6),
      mask_head: {
        type: 'DynamicMaskHead',
        num_convs: 1,
        conv_out_channels: 16,
        dynamic_conv_cfg: { ...dynamic_conv_cfg, input_feat_shape: 6, with_proj: false },
      },
    },
    { mask_thr_binary: 0.5 },
  ),
  CornerNet: corners({ type: 'CornerHead' }),
  CentripetalNet: corners({ type: 'CentripetalHead', corner_emb_channels: 0 }),
};
