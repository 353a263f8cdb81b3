// RFCN (Dai et al., NeurIPS 2016): regions are proposed on the first feature level, the fourth stage of the backbone, and classified on
// score maps made of the last, its fifth stage, dilated.

import { defineModule } from '../../catalogue/registry';
import { TwoStageDetector, type TwoStageDetectorConfig, twoStageOptions } from './two-stage-detector';

export class RFCN extends TwoStageDetector {
  override firstStageLevels<T>(levels: readonly T[]): T[] {
    return levels.slice(0, 1);
  }
}

export const rfcnDefinition = defineModule({
  kind: 'detector',
  type: 'RFCN',
  summary: 'R-FCN: Faster R-CNN whose second stage has all its layers on the whole image, with score maps of each bin',
  paper: 'Dai, Li, He and Sun, R-FCN: Object Detection via Region-based Fully Convolutional Networks, NeurIPS 2016',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'RFCN',
  backbone: { type: 'ResNet', depth: 50, strides: [1, 2, 2, 1], dilations: [1, 1, 1, 2], out_indices: [2, 3] },
  rpn_head: { type: 'RPNHead', feat_channels: 512, anchor_generator: { type: 'AnchorGenerator', scales: [8, 16, 32], ratios: [0.5, 1, 2], strides: [16] } },
  roi_head: {
    type: 'RFCNRoIHead',
    bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'PSRoIPool', output_size: 7 } },
    bbox_head: { type: 'RFCNBBoxHead', num_classes: 80 },
  },
  test_cfg: {
    rpn: { nms_pre: 6000, max_per_img: 300, nms: { type: 'nms', iou_threshold: 0.7 } },
    rcnn: { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
  },
}`,
  options: twoStageOptions,
  build: (given, context) => new RFCN(given as TwoStageDetectorConfig, context),
});
