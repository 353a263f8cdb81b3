// StandardRoIHead: the second stage of Faster and Mask R-CNN. Proposals are sampled, pooled, classified and refined,
// once; with a mask head the positives also learn masks, and detections carry theirs.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { Module } from '../../nn';
import { requireCfg } from '../require-cfg';
import { reportScores } from '../score-watch';
import { toInstances } from '../task-modules';
import type {
  AuxiliaryLevels,
  DetBatch,
  FeatureSpec,
  LossContext,
  Losses,
  Proposals,
  RoIHead,
  RoIOutputs,
} from '../types';
import { BBoxStage, type StageResult, stageInput } from './bbox-stage';
import {
  type MaskProbabilities,
  maskLogits,
  maskLoss,
  maskPredictor,
  maskProbabilities,
  maskTargets,
  withMasks,
} from './mask-branch';
import { roiMaskHead } from './narrow-mask-head';
import { ProposalSampler, partsInitCfg, rcnnTrainCfg } from './proposal-sampler';
import { batchRoIDetections, RCNN_TEST_EXAMPLE, type RCNNTestCfg, rcnnTestCfg } from './roi-detections';
import type { MaskParts, RoIHeadParts } from './roi-head-parts';
import { type BoundPooler, RoIPooler } from './roi-pooler';
import type { BoxHead, MaskHead, RoIExtractor, SharedHead, StageTraining } from './types';
import { watchedRois } from './watched-rois';

export const standardOptions = {
  bbox_roi_extractor: moduleOption('roi_extractor').describe('RoI pooling for the bbox_head'),
  bbox_head: moduleOption('bbox_head').describe('Classifies proposals and refines their boxes'),
  mask_roi_extractor: moduleOption('roi_extractor')
    .nullish()
    .describe('RoI pooling for the mask_head; without it the mask_head reads the features pooled for the bbox_head'),
  mask_head: moduleOption('mask_head').nullish().describe('Predicts instance masks'),
  shared_head: moduleOption('shared_head')
    .nullish()
    .describe('Backbone stage after RoI pooling, before all heads (C4)'),
  train_cfg: rcnnTrainCfg.nullish().describe('Training settings, passed down by the detector'),
  test_cfg: rcnnTestCfg.nullish().describe('Post-processing (score threshold, NMS), passed down by the detector'),
  init_cfg: partsInitCfg,
};
const options = z.strictObject(standardOptions);
export type StandardRoIHeadConfig = z.output<typeof options>;

/**
 * Seams for its relatives: `createPooler` and `createStage` (how boxes are pooled, sampled and weighed), `moreLosses`, `maskLoss` and
 * `predictMasks` (what is learned and predicted of masks), `predictBoxes` (what becomes of the boxes).
 */
export class StandardRoIHead<C extends StandardRoIHeadConfig = StandardRoIHeadConfig>
  extends Module
  implements RoIHead
{
  readonly bboxHead: BoxHead;
  readonly maskHead?: MaskHead;
  readonly stage: BBoxStage;
  /** Absent where masks read the features pooled for the boxes. */
  protected readonly maskPooler?: RoIPooler;

  constructor(
    protected readonly config: C,
    context: BuildContext,
  ) {
    super();
    const { registry, path, inputs, numClasses } = context;
    const { train_cfg: cfg } = config;
    const build = (name: 'bbox_roi_extractor' | 'mask_roi_extractor', extractor: ModuleConfig) =>
      registry.build('roi_extractor', extractor, { path: `${path}.${name}`, inputs });
    // the shared head reads what the extractor pools, but comes before it in the state dict
    const extractor = build('bbox_roi_extractor', config.bbox_roi_extractor);
    const shared = config.shared_head
      ? this.addChild(
          'shared_head',
          registry.build('shared_head', config.shared_head, {
            path: `${path}.shared_head`,
            inputs: [extractor.output],
          }),
        )
      : undefined;
    if (extractor instanceof Module) this.addChild('bbox_roi_extractor', extractor);
    const pooler = this.createPooler(extractor, shared);
    const head = (inputs: FeatureSpec) => ({ inputs: [inputs], numClasses });
    this.bboxHead = this.addChild(
      'bbox_head',
      registry.build('bbox_head', config.bbox_head, { path: `${path}.bbox_head`, ...head(pooler.output) }),
    );
    if (config.mask_head) {
      if (config.mask_roi_extractor) {
        const maskExtractor = build('mask_roi_extractor', config.mask_roi_extractor);
        if (maskExtractor instanceof Module) this.addChild('mask_roi_extractor', maskExtractor);
        this.maskPooler = new RoIPooler(maskExtractor, shared);
      }
      const place = { path: `${path}.mask_head`, ...head((this.maskPooler ?? pooler).output) };
      const maskHead = registry.build('mask_head', config.mask_head, place);
      this.maskHead = this.addChild('mask_head', roiMaskHead(maskHead, { ...place, type: config.mask_head.type }));
    }
    const at = { registry, path: `${path}.train_cfg` };
    const sampler = cfg ? new ProposalSampler(cfg, at, this.constructor.name) : undefined;
    this.stage = this.createStage(pooler, this.bboxHead, sampler);
  }

  /** Called while the head is built. */
  protected createPooler(extractor: RoIExtractor, shared: SharedHead | undefined): RoIPooler {
    return new RoIPooler(extractor, shared);
  }

  /** Called at the end of building. */
  protected createStage(pooler: RoIPooler, head: BoxHead, sampler: ProposalSampler | undefined): BBoxStage {
    return new BBoxStage(pooler, head, sampler);
  }

  get numClasses(): number {
    return this.bboxHead.numClasses;
  }

  /** `loss_cls`, `acc`, `loss_bbox` of a batch, and `loss_mask`. */
  loss(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    context: LossContext,
    auxiliary?: AuxiliaryLevels,
  ): Losses {
    const instances = batch.samples.map(({ truths, meta }) => toInstances(truths, meta.imgPath));
    const training = { features, batch, instances, context, auxiliary };
    const sampled = this.stage.sample(stageInput(proposals).boxes, training);
    const result = this.stage.loss(features, sampled);
    return {
      ...result.losses,
      ...this.moreLosses(result, training),
      ...(auxiliary && this.stage.auxiliaryLoss(auxiliary, result)),
      ...(this.maskHead && this.maskLoss(this.maskHead, result, training)),
    };
  }

  /** What else is learned of the sampled RoIs, after the boxes. */
  protected moreLosses(_result: StageResult, _training: StageTraining): Losses {
    return {};
  }

  /** Losses of the masks of the positives. */
  protected maskLoss(head: MaskHead, result: StageResult, training: StageTraining): Losses {
    const targets = maskTargets(result.sampled, training, this.stage.sampler.cfg);
    const pooler = this.maskPooler?.bind(training.features) ?? positivesOf(result);
    return { loss_mask: maskLoss(head, maskPredictor(head, pooler), targets) };
  }

  /** Scores and deltas of all proposals, mask logits of the first hundred. */
  forward(features: tf.Tensor4D[], proposals: Proposals[]): RoIOutputs {
    const input = stageInput(proposals);
    const { scores, deltas } = this.stage.predict(features, input);
    const { maskHead } = this;
    if (!maskHead) return { scores, deltas };
    return { scores, deltas, masks: [maskLogits(maskHead, this.maskPoolerOn(features), input.boxes)] };
  }

  /** Detections by image, best first; in pixels of the original image with `rescale`. */
  predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const { maskHead } = this;
    const cfg = this.testCfg();
    const detections = this.predictBoxes(features, proposals, batch, rescale && !maskHead);
    if (!maskHead) return detections;
    const probabilities = (boxes: readonly Float32Array[], labels: Int32Array) =>
      this.predictMasks(maskHead, features, boxes, labels);
    return withMasks(detections, probabilities, batch, cfg.mask_thr_binary, rescale);
  }

  /** @throws DetLabError without test_cfg */
  protected testCfg(): RCNNTestCfg {
    return requireCfg(this.config.test_cfg, this.constructor.name, 'test_cfg', RCNN_TEST_EXAMPLE);
  }

  /** Detections without masks. */
  protected predictBoxes(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    rescale: boolean,
  ): Detections[] {
    const input = stageInput(proposals);
    const outputs = this.stage.predict(features, input);
    reportScores(() =>
      watchedRois(this.constructor.name, [this.stage], features, [input.boxes[0]], outputs.deltas, batch),
    );
    return batchRoIDetections(this.bboxHead, input.boxes, outputs, batch, this.testCfg(), rescale);
  }

  get parts(): RoIHeadParts {
    const { stage, maskHead } = this;
    return { stages: [stage], masks: maskHead ? [this.maskParts(maskHead)] : [], cfg: this.testCfg() };
  }

  /** `predictMasks` for programs that cannot call it. */
  protected maskParts(head: MaskHead): MaskParts {
    return {
      poolers: [this.maskPooler ?? this.stage.pooler],
      predict: ([pooled], labels) => ({ logits: head.classLogits(pooled, labels) }),
    };
  }

  /** The masks of the classes `labels` of detections, whose boxes are in pixels of the network's input. */
  protected predictMasks(
    head: MaskHead,
    features: tf.Tensor4D[],
    boxes: readonly Float32Array[],
    labels: Int32Array,
  ): MaskProbabilities {
    return maskProbabilities(maskPredictor(head, this.maskPoolerOn(features)), boxes, labels);
  }

  protected maskPoolerOn(features: tf.Tensor4D[]): BoundPooler {
    return (this.maskPooler ?? this.stage.pooler).bind(features);
  }
}

/** The features of the positives, already pooled for their boxes. */
export function positivesOf({ pooled, order, targets }: StageResult): BoundPooler {
  const place = new Int32Array(order.length);
  order.forEach((from, to) => {
    place[from] = to;
  });
  const rows = targets.positives.length > 0 ? targets.positives.map((i) => place[i]) : new Int32Array(1);
  return {
    order: (rois) => Int32Array.from({ length: rois.length / 5 }, (_, i) => i),
    forward: () => tf.gather(pooled, tf.tensor1d(rows, 'int32')),
  };
}

export const standardRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'StandardRoIHead',
  summary:
    'Second stage of Faster and Mask R-CNN: pools proposals, classifies them, refines their boxes and predicts masks',
  paper: 'Girshick, Fast R-CNN, ICCV 2015; He et al., Mask R-CNN, ICCV 2017',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example:
    "{ type: 'StandardRoIHead', bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } }, bbox_head: { type: 'Shared2FCBBoxHead' } }",
  options,
  build: (given, context) => new StandardRoIHead(given, context),
});
