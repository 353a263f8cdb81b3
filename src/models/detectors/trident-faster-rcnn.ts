// TridentFasterRCNN (Li et al., ICCV 2019): the batch comes once for every branch of the backbone, which joins their maps along it.

import type * as tf from '@tensorflow/tfjs';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { TridentResNet } from '../backbones/trident-resnet';
import { TridentRoIHead } from '../roi-heads/trident-roi-head';
import type { DetBatch, LossContext, Losses } from '../types';
import { TwoStageDetector, type TwoStageDetectorConfig, twoStageOptions } from './two-stage-detector';

export class TridentFasterRCNN extends TwoStageDetector {
  constructor(config: TwoStageDetectorConfig, context: BuildContext) {
    super(config, context);
    const { backbone, roiHead } = this;
    if (!(backbone instanceof TridentResNet && roiHead instanceof TridentRoIHead))
      throw new DetLabError(
        'Cannot build TridentFasterRCNN: expected backbone TridentResNet and roi_head TridentRoIHead, received ' +
          `"${config.backbone.type}" and "${config.roi_head.type}"`,
      );
    if (backbone.numBranches !== roiHead.numBranches || backbone.testBranch !== roiHead.testBranch)
      throw new DetLabError(
        'Cannot build TridentFasterRCNN: num_branch and test_branch_idx must be equal in backbone ' +
          `(${backbone.numBranches}, ${backbone.testBranch}) and roi_head (${roiHead.numBranches}, ${roiHead.testBranch})`,
      );
  }

  override loss(batch: DetBatch, context: LossContext): Losses {
    return super.loss(this.byBranch(batch), context);
  }

  override predict(batch: DetBatch, options?: { rescale?: boolean }): Detections[] {
    return super.predict(this.byBranch(batch), options);
  }

  protected override forwardHeads(features: tf.Tensor4D[], batch: DetBatch): unknown {
    return super.forwardHeads(features, this.byBranch(batch));
  }

  /** The samples of a batch as often as the backbone has branches that are computed. */
  private byBranch(batch: DetBatch): DetBatch {
    const { numBranches, testBranch, training } = this.backbone as TridentResNet;
    const times = training || testBranch === -1 ? numBranches : 1;
    const repeat = <T>(list: readonly T[]): T[] => Array.from({ length: times }, () => list).flat();
    const { samples, padShapes } = batch;
    return { ...batch, samples: repeat(samples), ...(padShapes && { padShapes: repeat(padShapes) }) };
  }
}

export const tridentFasterRCNNDefinition = defineModule({
  kind: 'detector',
  type: 'TridentFasterRCNN',
  summary: 'TridentNet: Faster R-CNN on features of several dilations, each seen by the same heads',
  paper: 'Li et al., Scale-Aware Trident Networks for Object Detection, ICCV 2019',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'TridentFasterRCNN',
  backbone: {
    type: 'TridentResNet', depth: 50, num_branch: 3, test_branch_idx: 1, trident_dilations: [1, 2, 3], num_stages: 3,
    strides: [1, 2, 2], dilations: [1, 1, 1], out_indices: [2],
  },
  rpn_head: {
    type: 'RPNHead',
    anchor_generator: { type: 'AnchorGenerator', scales: [2, 4, 8, 16, 32], ratios: [0.5, 1, 2], strides: [16] },
  },
  roi_head: {
    type: 'TridentRoIHead', num_branch: 3, test_branch_idx: 1,
    shared_head: { type: 'ResLayer', depth: 50, stage: 3, stride: 2, norm_eval: true },
    bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
    bbox_head: { type: 'BBoxHead', with_avg_pool: true, roi_feat_size: 7, num_classes: 80 },
  },
  test_cfg: {
    rpn: { nms_pre: 6000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } },
    rcnn: { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
  },
}`,
  options: twoStageOptions,
  build: (given, context) => new TridentFasterRCNN(given, context),
});
