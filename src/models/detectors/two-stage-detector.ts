// TwoStageDetector: a region proposal network picks regions, a second stage classifies them. FasterRCNN is its usual name.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { Detections, PackedSample } from '../../data/types';
import { initCfg, Module } from '../../nn';
import type { Random } from '../../random';
import { type BuildContext, defineModule, moduleOption } from '../../registry';
import { anchorTrainCfg } from '../dense-heads/anchor-head-options';
import { type ProposalCfg, proposalCfg } from '../dense-heads/proposals';
import type { RPNHead } from '../dense-heads/rpn-head';
import { regionTestCfg } from '../roi-heads/region-detections';
import { regionTrainCfg, type StandardRoIHead } from '../roi-heads/standard-roi-head';
import type { Backbone, DetBatch, Detector, Losses, Neck } from '../types';

const options = z.strictObject({
  data_preprocessor: moduleOption('data_preprocessor')
    .default({ type: 'DetDataPreprocessor' })
    .describe('Normalises images and makes batches'),
  backbone: moduleOption('backbone').describe('Image to feature levels'),
  neck: moduleOption('neck').nullish().describe('Mixes the feature levels'),
  rpn_head: moduleOption('dense_head').describe('Proposes regions'),
  roi_head: moduleOption('roi_head').describe('Classifies and refines them'),
  train_cfg: z
    .strictObject({
      rpn: anchorTrainCfg.describe('Assignment and sampling of anchors'),
      rpn_proposal: proposalCfg.optional().describe('Proposals during training; those of test_cfg.rpn when absent'),
      rcnn: regionTrainCfg.describe('Assignment and sampling of proposals'),
    })
    .nullish()
    .describe('How it learns; without it the model only predicts'),
  test_cfg: z
    .strictObject({
      rpn: proposalCfg.describe('Proposals during prediction'),
      rcnn: regionTestCfg.describe('Choice of detections'),
    })
    .nullish()
    .describe('How it predicts'),
  init_cfg: initCfg.nullish().describe('Weights of the whole model'),
});
export type TwoStageDetectorConfig = z.output<typeof options>;

interface Preprocessor {
  forward(samples: PackedSample[]): DetBatch;
}

export class TwoStageDetector extends Module implements Detector {
  readonly backbone: Backbone;
  readonly neck?: Neck;
  readonly rpnHead: RPNHead;
  readonly roiHead: StandardRoIHead;
  private readonly preprocessor: Preprocessor;
  private readonly proposalCfg: ProposalCfg | undefined;

  constructor(config: TwoStageDetectorConfig, { registry, path, numClasses }: BuildContext) {
    super();
    const { train_cfg, test_cfg } = config;
    const at = (name: string) => ({ path: path ? `${path}.${name}` : name });
    this.preprocessor = registry.build('data_preprocessor', config.data_preprocessor, at('data_preprocessor'));
    this.backbone = this.addChild('backbone', registry.build<Backbone>('backbone', config.backbone, at('backbone')));
    let inputs = this.backbone.outputs;
    if (config.neck) {
      this.neck = this.addChild('neck', registry.build<Neck>('neck', config.neck, { ...at('neck'), inputs }));
      inputs = this.neck.outputs;
    }
    this.proposalCfg = train_cfg?.rpn_proposal ?? test_cfg?.rpn;
    // whatever the config of the detector says about classes, its first stage knows one: object
    const rpn = { ...config.rpn_head, num_classes: 1, train_cfg: train_cfg?.rpn, test_cfg: test_cfg?.rpn };
    this.rpnHead = this.addChild('rpn_head', registry.build<RPNHead>('dense_head', rpn, { ...at('rpn_head'), inputs }));
    const roi = { ...config.roi_head, train_cfg: train_cfg?.rcnn, test_cfg: test_cfg?.rcnn };
    this.roiHead = this.addChild(
      'roi_head',
      registry.build<StandardRoIHead>('roi_head', roi, { ...at('roi_head'), inputs, numClasses }),
    );
  }

  get classes(): number {
    return this.roiHead.bboxHead.numClasses;
  }

  preprocess(samples: PackedSample[]): DetBatch {
    return this.preprocessor.forward(samples);
  }

  /** [N, H, W, 3] -> feature levels, finest first. */
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[] {
    const features = this.backbone.forward(inputs);
    return this.neck ? this.neck.forward(features) : features;
  }

  /** loss_rpn_cls, loss_rpn_bbox, loss_cls, loss_bbox, and the accuracy of the second stage, acc, in percent. */
  loss(batch: DetBatch, random: Random): Losses {
    const features = this.extractFeatures(batch.inputs);
    const { losses, proposals } = this.rpnHead.lossAndPredict(features, batch, random, this.proposalCfg);
    return { ...losses, ...this.roiHead.loss(features, proposals, batch, random) };
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const features = this.extractFeatures(batch.inputs);
    return this.roiHead.predict(features, this.rpnHead.predict(features, batch), batch, { rescale });
  }
}

const example = (type: string) => `{
  type: '${type}',
  backbone: { type: 'ResNet', depth: 50 },
  neck: { type: 'FPN', out_channels: 256, num_outs: 5 },
  rpn_head: { type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] } },
  roi_head: {
    type: 'StandardRoIHead',
    bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80 },
  },
  test_cfg: {
    rpn: { nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } },
    rcnn: { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
  },
}`;

const shared = {
  kind: 'detector' as const,
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  options,
  build: (given: TwoStageDetectorConfig, context: BuildContext) => new TwoStageDetector(given, context),
};

export const twoStageDetectorDefinition = defineModule({
  ...shared,
  type: 'TwoStageDetector',
  summary: 'Detector whose first stage proposes regions and whose second stage classifies them',
  example: example('TwoStageDetector'),
});

export const fasterRCNNDefinition = defineModule({
  ...shared,
  type: 'FasterRCNN',
  summary: 'Faster R-CNN: region proposal network, then classes and boxes of the regions',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  example: example('FasterRCNN'),
});
