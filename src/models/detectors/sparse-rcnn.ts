// SparseRCNN and QueryInst: two stages whose first is a table of learned proposals, refined by a second without anchors or NMS.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../catalogue/registry';
import { initCfg } from '../../nn';
import { rcnnTrainCfg } from '../roi-heads/proposal-sampler';
import { sparseTestCfg } from '../roi-heads/sparse-roi-head';
import { detectorParts } from './base-detector';
import { TwoStageDetector, type TwoStageDetectorConfig } from './two-stage-detector';

const none = z.null({ error: 'its first stage selects nothing: leave it out or null' }).optional();

const options = z.strictObject({
  ...detectorParts,
  rpn_head: moduleOption('dense_head').describe('First stage: EmbeddingRPNHead'),
  roi_head: moduleOption('roi_head').describe('Second stage: SparseRoIHead'),
  train_cfg: z
    .strictObject({
      rpn: none.describe('Must be null'),
      rcnn: z.array(rcnnTrainCfg).describe('Matching of proposals with ground truth, one for each stage'),
    })
    .nullish()
    .describe('Training settings; null for a model that only predicts'),
  test_cfg: z
    .strictObject({ rpn: none.describe('Must be null'), rcnn: sparseTestCfg.describe('Selection of detections') })
    .nullish()
    .describe('Post-processing'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});

const example = (type: string, parts = '', threshold = '') => `{
  type: '${type}',
  backbone: { type: 'ResNet', depth: 50 },
  neck: { type: 'FPN', out_channels: 256, num_outs: 4, add_extra_convs: 'on_input' },
  rpn_head: { type: 'EmbeddingRPNHead', num_proposals: 100 },
  roi_head: {
    type: 'SparseRoIHead',
    bbox_head: {
      type: 'DIIHead', num_classes: 80,
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', clip_border: false, target_stds: [0.5, 0.5, 1, 1] },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, loss_weight: 2 },
      loss_bbox: { type: 'L1Loss', loss_weight: 5 },
    },${parts}
  },
  test_cfg: { rcnn: { max_per_img: 100${threshold} } },
}`;

const shared = {
  kind: 'detector' as const,
  options,
  build: (given: z.output<typeof options>, context: ConstructorParameters<typeof TwoStageDetector>[1]) =>
    new TwoStageDetector(given as unknown as TwoStageDetectorConfig, context),
};

export const sparseRCNNDefinition = defineModule({
  ...shared,
  type: 'SparseRCNN',
  summary: 'Sparse R-CNN: learned proposals, refined in stages and matched with the ground truth one to one',
  paper: 'Sun et al., Sparse R-CNN, CVPR 2021',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: example('SparseRCNN'),
});

export const queryInstDefinition = defineModule({
  ...shared,
  type: 'QueryInst',
  summary: 'QueryInst: Sparse R-CNN with masks from the features of the objects',
  paper: 'Fang et al., Instances as Queries, ICCV 2021',
  shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each',
  example: example(
    'QueryInst',
    `
    mask_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14, sampling_ratio: 2 } },
    mask_head: {
      type: 'DynamicMaskHead', num_classes: 80, loss_mask: { type: 'DiceLoss', activate: false, loss_weight: 8, eps: 1e-5 },
    },`,
    ', mask_thr_binary: 0.5',
  ),
});
