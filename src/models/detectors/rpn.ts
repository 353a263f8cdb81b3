// RPN: the first stage alone as a detector. It finds objects of one class, "object".

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { initCfg } from '../../nn';
import { firstStageTrainCfg } from '../dense-heads/anchor-head-options';
import { firstStageTestCfg } from '../shared-options/proposal-cfg';
import type { DetBatch, DetectionHead, LossContext, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';
import { classAgnostic } from './class-agnostic';
import { detectionHead } from './narrow-head';

/** What the detector hands to its first stage, and where it is in the detector's options. */
export const FIRST_STAGE = { train_cfg: 'train_cfg.rpn', test_cfg: 'test_cfg.rpn' };

const secondStage = ignoredOption('there is no second stage');
const options = z.strictObject({
  ...detectorParts,
  rpn_head: moduleOption('dense_head').describe('Proposes regions, whatever the class of their object'),
  train_cfg: z
    .strictObject({ rpn: firstStageTrainCfg, rpn_proposal: secondStage, rcnn: secondStage })
    .nullish()
    .describe('Training settings; null for a model that only predicts'),
  test_cfg: z
    .strictObject({ rpn: firstStageTestCfg.describe('Selection of proposals'), rcnn: secondStage })
    .nullish()
    .describe('Post-processing'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});

export class RPN extends BaseDetector {
  readonly head: DetectionHead;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    super(config, context);
    const { registry } = context;
    const path = context.path ? `${context.path}.rpn_head` : 'rpn_head';
    const { train_cfg, test_cfg, rpn_head } = config;
    const head = { ...rpn_head, num_classes: 1, train_cfg: train_cfg?.rpn, test_cfg: test_cfg?.rpn };
    // the only head of a detector is its bbox_head in the state dict
    this.head = this.addChild(
      'bbox_head',
      detectionHead(registry.build('dense_head', head, { path, inputs: this.levels }), { path, type: head.type }),
    );
  }

  get numClasses(): number {
    return 1;
  }

  /** Ground truth of any class is an object. */
  protected override get truthClasses(): number {
    return Number.POSITIVE_INFINITY;
  }

  protected forwardHeads(features: tf.Tensor4D[]): unknown {
    return this.head.forward(features);
  }

  /** loss_rpn_cls and loss_rpn_bbox; ground truth of all classes is an object. */
  loss(batch: DetBatch, context: LossContext): Losses {
    return this.head.loss(this.extractFeatures(batch.inputs), classAgnostic(batch), context);
  }

  /** Proposals, all with label 0. */
  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.head.predict(this.extractFeatures(batch.inputs), batch, { rescale });
  }
}

export const rpnDefinition = defineModule({
  kind: 'detector',
  type: 'RPN',
  summary: 'Region proposal network: boxes that may hold an object of any class',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'images -> boxes [n, 4] and scores [n] of each',
  example: `{
  type: 'RPN',
  backbone: { type: 'ResNet', depth: 50 },
  neck: { type: 'FPN', out_channels: 256, num_outs: 5 },
  rpn_head: { type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] } },
  test_cfg: { rpn: { nms_pre: 2000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } } },
}`,
  options,
  forwards: { rpn_head: FIRST_STAGE },
  build: (given, context) => new RPN(given, context),
});
