// RPN: the region proposal network as a detector of its own. It finds objects of one class, "object".

import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { initCfg } from '../../nn';
import { anchorTrainCfg } from '../dense-heads/anchor-head-options';
import { proposalCfg } from '../dense-heads/proposals';
import type { RPNHead } from '../dense-heads/rpn-head';
import type { DetBatch, Detector, LossContext, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';

const options = z.strictObject({
  ...detectorParts,
  rpn_head: moduleOption('dense_head').describe('Proposes regions'),
  train_cfg: z
    .looseObject({ rpn: anchorTrainCfg.describe('Assignment and sampling of anchors') })
    .nullish()
    .describe('How it learns; what is meant for a second stage has no effect'),
  test_cfg: z
    .looseObject({ rpn: proposalCfg.describe('Choice of proposals') })
    .nullish()
    .describe('How it predicts'),
  init_cfg: initCfg.nullish().describe('Weights of the whole model'),
});

export class RPN extends BaseDetector implements Detector {
  readonly classes = 1;
  readonly head: RPNHead;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    super(config, context);
    const { registry, path } = context;
    const head = {
      ...config.rpn_head,
      num_classes: 1,
      train_cfg: config.train_cfg?.rpn,
      test_cfg: config.test_cfg?.rpn,
    };
    // a detector's only head is its bbox_head in the state dict
    this.head = this.addChild(
      'bbox_head',
      registry.build<RPNHead>('dense_head', head, {
        path: path ? `${path}.rpn_head` : 'rpn_head',
        inputs: this.levels,
      }),
    );
  }

  /** loss_rpn_cls and loss_rpn_bbox; truths of all classes are objects. */
  loss(batch: DetBatch, context: LossContext): Losses {
    return this.head.loss(this.extractFeatures(batch.inputs), batch, context);
  }

  /** Proposals, all with label 0. */
  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const proposals = this.head.predict(this.extractFeatures(batch.inputs), batch, { rescale });
    return proposals.map(({ bboxes, scores }) => ({ bboxes, scores, labels: new Int32Array(scores.length) }));
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
  build: (given, context) => new RPN(given, context),
});
