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

export const REFUSED: Record<string, ModuleConfig> = {
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
