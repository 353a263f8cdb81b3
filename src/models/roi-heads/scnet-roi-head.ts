// SCNetRoIHead: a cascade of boxes, then masks from the RoIs of its last stage, as in prediction (Vu, Kang and Yoo, SCNet, AAAI 2021).
// Features of a semantic branch and a vector of the image are added to what is pooled; the features of the last stage are relayed to
// the masks.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { Module } from '../../nn';
import { meanOverRanks } from '../../ops/over-ranks';
import { zeroLoss } from '../losses';
import { toInstances } from '../task-modules';
import type { DetBatch, LossContext, Losses, Proposals, RoIOutputs } from '../types';
import type { StageResult } from './bbox-stage';
import { stageInput } from './bbox-stage';
import { CascadeRoIHead, type CascadeRoIHeadConfig, cascadeOptions, type StageLoss } from './cascade-roi-head';
import { FusingPooler } from './fusing-pooler';
import {
  compareMasks,
  type MaskPredictor,
  type MaskProbabilities,
  maskProbabilities,
  maskTargets,
  orderTargets,
  withMasks,
} from './mask-branch';
import type { FeatureRelayHead } from './mask-heads/feature-relay-head';
import type { GlobalContextHead } from './mask-heads/global-context-head';
import { roiMaskHead } from './narrow-mask-head';
import { nextProposals } from './next-proposals';
import { batchRoIDetections } from './roi-detections';
import type { RoIHeadParts } from './roi-head-parts';
import type { RoIPooler } from './roi-pooler';
import { type FusedSemanticHead, fusedSemanticHead } from './semantic-heads/fused-semantic-head';
import type { MaskHead, RoIExtractor, StageInput, StageTraining } from './types';

const options = z.strictObject({
  ...cascadeOptions,
  mask_roi_extractor: moduleOption('roi_extractor').describe('RoI pooling for the mask_head'),
  mask_head: moduleOption('mask_head').describe('Predicts instance masks, once'),
  semantic_roi_extractor: moduleOption('roi_extractor').nullish().describe('RoI pooling from the semantic features'),
  semantic_head: moduleOption('semantic_head').nullish().describe('Predicts the semantic map'),
  feat_relay_head: moduleOption('feat_relay_head')
    .nullish()
    .describe('Relays the features of the last stage to the masks'),
  glbctx_head: moduleOption('glbctx_head').nullish().describe('Predicts the classes of the image'),
});
type Options = z.output<typeof options>;

export class SCNetRoIHead extends CascadeRoIHead {
  private readonly maskHead: MaskHead;
  private readonly maskPooler: RoIPooler;
  private readonly semanticHead?: FusedSemanticHead;
  private readonly semanticExtractor?: RoIExtractor;
  private readonly relayHead?: FeatureRelayHead;
  private readonly contextHead?: GlobalContextHead;

  constructor(given: Options, context: BuildContext) {
    super({ ...given, mask_head: null, mask_roi_extractor: null } as CascadeRoIHeadConfig, context);
    const { registry, path, inputs, numClasses } = context;
    const at = (name: string) => ({ path: `${path}.${name}`, inputs, numClasses });
    const extractor = registry.build('roi_extractor', given.mask_roi_extractor, at('mask_roi_extractor'));
    if (extractor instanceof Module) this.addChild('mask_roi_extractor', extractor);
    this.maskPooler = this.pooler(extractor);
    const maskPlace = { ...at('mask_head'), inputs: [extractor.output] };
    const maskHead = registry.build('mask_head', given.mask_head, maskPlace);
    this.maskHead = this.addChild('mask_head', roiMaskHead(maskHead, { ...maskPlace, type: given.mask_head.type }));
    if (given.semantic_head) {
      if (!given.semantic_roi_extractor)
        throw new DetLabError(
          `Cannot build SCNetRoIHead at ${path}: semantic_head needs semantic_roi_extractor, which pools from its features`,
        );
      const built = registry.build('semantic_head', given.semantic_head, at('semantic_head'));
      const head = fusedSemanticHead(built, 'SCNetRoIHead', path);
      const levels = [{ channels: head.channels, stride: head.stride }];
      const place = { ...at('semantic_roi_extractor'), inputs: levels };
      this.semanticExtractor = registry.build('roi_extractor', given.semantic_roi_extractor, place);
      if (this.semanticExtractor instanceof Module) this.addChild('semantic_roi_extractor', this.semanticExtractor);
      this.semanticHead = this.addChild('semantic_head', head);
    }
    if (given.feat_relay_head) {
      const relay = registry.build('feat_relay_head', given.feat_relay_head, at('feat_relay_head'));
      this.relayHead = this.addChild('feat_relay_head', relay);
    }
    if (given.glbctx_head)
      this.contextHead = this.addChild(
        'glbctx_head',
        registry.build('glbctx_head', given.glbctx_head, at('glbctx_head')),
      );
  }

  protected override pooler(extractor: RoIExtractor): RoIPooler {
    return new FusingPooler(extractor, () => ({
      semantic: this.semanticExtractor,
      vectors: this.contextHead !== undefined,
    }));
  }

  /** `loss_semantic_seg`, `loss_glbctx`, those of the stages, `loss_mask`. */
  override loss(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, context: LossContext): Losses {
    const semantic = this.semanticHead?.forward(features);
    const image = this.contextHead?.forward(features);
    const labels = batch.samples.map(({ truths, meta }) => toInstances(truths, meta.imgPath).labels);
    return {
      ...(semantic && { loss_semantic_seg: this.semanticHead!.loss(semantic.logits, batch) }),
      ...(image && { loss_glbctx: this.contextHead!.loss(image.logits, labels) }),
      ...super.loss(
        [...features, ...(semantic ? [semantic.features] : []), ...(image ? [image.vectors] : [])],
        proposals,
        batch,
        context,
      ),
    };
  }

  protected override stageLoss(index: number, { boxes }: StageInput, training: StageTraining): StageLoss {
    const stage = this.stages[index];
    const result = stage.loss(training.features, stage.sample(boxes, { ...training, stage: index }));
    if (index < this.stages.length - 1) {
      const next = () => ({ boxes: nextProposals(stage.head, result, training.batch) });
      return { losses: result.losses, next: result.order.length > 0 ? next : undefined };
    }
    const weight = this.config.stage_loss_weights.reduce((sum, w) => sum + w, 0);
    const loss = this.lossOfMasks(result, training);
    return { losses: result.losses, whole: { loss_mask: tf.mul<tf.Scalar>(loss, weight) } };
  }

  /** The loss of the masks of the positives of the last stage. */
  private lossOfMasks(result: StageResult, training: StageTraining): tf.Scalar {
    const targets = maskTargets(result.sampled, training, this.stages[this.stages.length - 1].sampler.cfg);
    const share = targets.labels.length / meanOverRanks(targets.labels.length, 1);
    const { shared } = result.outputs;
    if (targets.labels.length === 0) {
      const rows = shared && tf.slice(shared, 0, 1);
      return zeroLoss(this.maskLogits(training.features, Float32Array.of(0, 0, 0, 1, 1), Int32Array.of(0), rows));
    }
    const place = new Int32Array(result.order.length);
    result.order.forEach((from, to) => {
      place[from] = to;
    });
    const order = this.maskPooler.order(targets.rois);
    const sorted = orderTargets(targets, order);
    const positives = order.map((i) => place[result.targets.positives[i]]);
    const rows = shared && tf.gather(shared, tf.tensor1d(positives, 'int32'));
    const logits = this.maskLogits(training.features, sorted.rois, sorted.labels, rows);
    return tf.mul(compareMasks(this.maskHead, logits, sorted), share);
  }

  /** @param shared features of the RoIs in the last stage */
  private maskLogits(
    features: tf.Tensor4D[],
    rois: Float32Array,
    labels: Int32Array,
    shared: tf.Tensor2D | undefined,
  ): tf.Tensor3D {
    return this.maskHead.classLogits(this.relayed(this.maskPooler.forward(features, rois), shared), labels);
  }

  /** What masks are predicted from: the features of the last stage are added to what is pooled. */
  private relayed(pooled: tf.Tensor4D, shared: tf.Tensor2D | undefined): tf.Tensor4D {
    return this.relayHead && shared ? tf.add<tf.Tensor4D>(pooled, this.relayHead.forward(shared)) : pooled;
  }

  /** The feature levels, then the semantic features, then the vectors of the images. */
  private withContext(features: tf.Tensor4D[]): tf.Tensor4D[] {
    return [...features, ...this.contextOf(features)];
  }

  private contextOf(levels: tf.Tensor4D[]): tf.Tensor4D[] {
    const semantic = this.semanticHead?.forward(levels).features;
    const image = this.contextHead?.forward(levels).vectors;
    return [...(semantic ? [semantic] : []), ...(image ? [image] : [])];
  }

  override predict(
    levels: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    { rescale = false } = {},
  ): Detections[] {
    const features = this.withContext(levels);
    const cfg = this.testCfg();
    const { boxes, ...output } = this.predictStages(features, stageInput(proposals), batch);
    const last = this.stages[this.stages.length - 1];
    const detections = batchRoIDetections(last.head, boxes, output, batch, cfg, false);
    const probabilities = (ofImages: readonly Float32Array[], labels: Int32Array) =>
      this.predictMasks(features, ofImages, labels);
    return withMasks(detections, probabilities, batch, cfg.mask_thr_binary, rescale);
  }

  override forward(levels: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch): RoIOutputs {
    const features = this.withContext(levels);
    const outputs = super.forward(features, proposals, batch);
    const first = proposals[0].bboxes.subarray(0, 400);
    if (first.length > 0) this.predictMasks(features, [first], new Int32Array(first.length / 4));
    return outputs;
  }

  protected override maskPredictor(_stage: number, features: tf.Tensor4D[]): MaskPredictor {
    const { head, pooler } = this.stages[this.stages.length - 1];
    return {
      order: (rois) => this.maskPooler.order(rois),
      logits: (rois, labels) =>
        this.maskLogits(features, rois, labels, head.forward(pooler.forward(features, rois)).shared),
    };
  }

  protected override predictMasks(
    features: tf.Tensor4D[],
    boxes: readonly Float32Array[],
    labels: Int32Array,
  ): MaskProbabilities {
    return maskProbabilities(this.maskPredictor(0, features), boxes, labels);
  }

  override get parts(): RoIHeadParts {
    const { maskHead, maskPooler } = this;
    const { head, pooler } = this.stages[this.stages.length - 1];
    return {
      ...super.parts,
      maps: (levels) => this.contextOf(levels),
      masks: [
        {
          poolers: [maskPooler, pooler],
          predict: ([ofMask, ofBox], labels) => ({
            logits: maskHead.classLogits(this.relayed(ofMask, head.forward(ofBox).shared), labels),
          }),
        },
      ],
    };
  }
}

export const scnetRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'SCNetRoIHead',
  summary: 'Second stage of SCNet: a cascade of boxes, then masks of the RoIs of its last stage',
  paper: 'Vu, Kang and Yoo, SCNet: Training Inference Sample Consistency for Instance Segmentation, AAAI 2021',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'SCNetRoIHead', num_stages: 2, stage_loss_weights: [1, 0.5],
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'SCNetBBoxHead', num_shared_fcs: 2, reg_class_agnostic: true },
  mask_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
  mask_head: { type: 'SCNetMaskHead', num_convs: 12 },
  semantic_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
  semantic_head: { type: 'SCNetSemanticHead', num_ins: 5, fusion_level: 1 },
  glbctx_head: { type: 'GlobalContextHead' },
  feat_relay_head: { type: 'FeatureRelayHead' },
}`,
  options,
  build: (given, context) => new SCNetRoIHead(given, context),
});
