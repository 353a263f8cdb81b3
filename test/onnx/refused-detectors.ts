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

export const REFUSED: Record<string, ModuleConfig> = {
  'TridentNet, detections of all branches': {
    ...TWO_STAGE.TridentNet,
    backbone: { ...trident.backbone, test_branch_idx: -1 },
    roi_head: { ...trident.roi_head, test_branch_idx: -1 },
  },
  'a mask head alone': segmentor('SingleStageInstanceSegmentor', { type: 'SOLOHead', ...grids }),
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
};
