// HybridTaskCascadeRoIHead: a cascade whose mask heads read one another's maps and learn from the boxes that their stage has refined,
// with features of a semantic branch (Chen et al., Hybrid Task Cascade, CVPR 2019). As in MMDetection 3, masks are those of the last
// stage; the paper averages all. Unlike there, stages without a mask head start from refined boxes too.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { Module } from '../../nn';
import type { AuxiliaryLevels, DetBatch, LossContext, Losses, Proposals, RoIOutputs } from '../types';
import { CascadeRoIHead, type CascadeRoIHeadConfig, cascadeOptions, type StageLoss } from './cascade-roi-head';
import { FusingPooler } from './fusing-pooler';
import { type MaskPredictor, type MaskProbabilities, maskPredictor, maskProbabilities } from './mask-branch';
import { HTCMaskHead } from './mask-heads/htc-mask-head';
import { nextProposals } from './next-proposals';
import type { MaskParts, RoIHeadParts } from './roi-head-parts';
import type { RoIPooler } from './roi-pooler';
import { type FusedSemanticHead, fusedSemanticHead } from './semantic-heads/fused-semantic-head';
import type { RoIExtractor, StageInput, StageTraining } from './types';

const options = z.strictObject({
  ...cascadeOptions,
  semantic_roi_extractor: moduleOption('roi_extractor').nullish().describe('RoI pooling from the semantic features'),
  semantic_head: moduleOption('semantic_head').nullish().describe('Predicts the semantic map'),
  semantic_fusion: z
    .array(z.enum(['bbox', 'mask']))
    .default(['bbox', 'mask'])
    .describe('Branches that semantic features are added in'),
  interleaved: z.boolean().default(true).describe('Masks learn from the boxes that their stage has refined'),
  mask_info_flow: z.boolean().default(true).describe('Mask heads read the map of the stage before'),
});
type Options = CascadeRoIHeadConfig & z.output<typeof options>;

export class HybridTaskCascadeRoIHead extends CascadeRoIHead {
  private readonly semanticHead?: FusedSemanticHead;
  private readonly semanticExtractor?: RoIExtractor;

  constructor(
    private readonly given: Options,
    context: BuildContext,
  ) {
    super(given, context);
    const { registry, path, inputs } = context;
    const { semantic_head, semantic_roi_extractor, mask_info_flow } = given;
    if (semantic_head) {
      if (!semantic_roi_extractor)
        throw new DetLabError(
          `Cannot build HybridTaskCascadeRoIHead at ${path}: semantic_head needs semantic_roi_extractor, which pools from its features`,
        );
      const at = { path: `${path}.semantic_head`, inputs };
      const head = fusedSemanticHead(
        registry.build('semantic_head', semantic_head, at),
        'HybridTaskCascadeRoIHead',
        at.path,
      );
      const place = {
        path: `${path}.semantic_roi_extractor`,
        inputs: [{ channels: head.channels, stride: head.stride }],
      };
      this.semanticExtractor = registry.build('roi_extractor', semantic_roi_extractor, place);
      if (this.semanticExtractor instanceof Module) this.addChild('semantic_roi_extractor', this.semanticExtractor);
      this.semanticHead = this.addChild('semantic_head', head);
    }
    const strange = this.maskHeads.findIndex((head) => !(head instanceof HTCMaskHead));
    if (mask_info_flow && strange >= 0)
      throw new DetLabError(
        `Cannot build HybridTaskCascadeRoIHead at ${path}: with mask_info_flow expected mask heads HTCMaskHead, received ` +
          `"${[given.mask_head].flat()[strange]?.type ?? ''}"`,
      );
  }

  protected override pooler(extractor: RoIExtractor, branch: 'bbox' | 'mask'): RoIPooler {
    const { semantic_head, semantic_fusion } = this.config as Options;
    if (!semantic_head || !semantic_fusion.includes(branch)) return super.pooler(extractor, branch);
    return new FusingPooler(extractor, () => ({ semantic: this.semanticExtractor }));
  }

  override loss(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    context: LossContext,
    auxiliary?: AuxiliaryLevels,
  ): Losses {
    const head = this.semanticHead;
    if (!head) return super.loss(features, proposals, batch, context, auxiliary);
    const semantic = head.forward(features);
    return {
      loss_semantic_seg: head.loss(semantic.logits, batch),
      ...super.loss([...features, semantic.features], proposals, batch, context, auxiliary),
    };
  }

  /** The feature levels, and then the semantic features. */
  private withSemantics(features: tf.Tensor4D[]): tf.Tensor4D[] {
    return this.semanticHead ? [...features, this.semanticHead.forward(features).features] : features;
  }

  override predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, options = {}): Detections[] {
    return super.predict(this.withSemantics(features), proposals, batch, options);
  }

  override forward(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch): RoIOutputs {
    return super.forward(this.withSemantics(features), proposals, batch);
  }

  protected override stageLoss(index: number, input: StageInput, training: StageTraining): StageLoss {
    if (this.maskHeads.length === 0 || !this.given.interleaved) return super.stageLoss(index, input, training);
    const stage = this.stages[index];
    const { features, batch } = training;
    const result = stage.loss(features, stage.sample(input.boxes, { ...training, stage: index }));
    const refined = result.order.length > 0 ? nextProposals(stage.head, result, batch) : undefined;
    const sampled = refined ? stage.sample(refined, { ...training, stage: index }) : result.sampled;
    const loss_mask = this.maskLoss(index, sampled, training);
    return { losses: { ...result.losses, loss_mask }, next: refined && (() => ({ boxes: refined })) };
  }

  protected override maskPredictor(index: number, features: tf.Tensor4D[]): MaskPredictor {
    const pooler = this.maskPoolers[index].bind(features);
    if (!this.given.mask_info_flow) return maskPredictor(this.maskHeads[index], pooler);
    const heads = this.htcMaskHeads();
    return {
      order: (rois) => pooler.order(rois),
      logits: (rois, labels) => this.lastLogits(heads.slice(0, index + 1), pooler.forward(rois), labels),
    };
  }

  /** The logits of the last of mask heads, each of which reads the map of the one before. */
  private lastLogits(
    heads: readonly HTCMaskHead[],
    pooled: tf.Tensor4D,
    labels: Int32Array | tf.Tensor1D,
  ): tf.Tensor3D {
    const last = heads[heads.length - 1];
    let before: tf.Tensor4D | undefined;
    for (const head of heads.slice(0, -1)) before = head.map(head.join(pooled, before));
    return last.classLogits(last.join(pooled, before), labels);
  }

  protected override predictMasks(
    features: tf.Tensor4D[],
    boxes: readonly Float32Array[],
    labels: Int32Array,
  ): MaskProbabilities {
    return maskProbabilities(this.maskPredictor(this.maskHeads.length - 1, features), boxes, labels);
  }

  private htcMaskHeads(): HTCMaskHead[] {
    return this.maskHeads.filter((head) => head instanceof HTCMaskHead);
  }

  override get parts(): RoIHeadParts {
    const { semanticHead, maskHeads } = this;
    const parts = super.parts;
    const last = parts.masks.slice(-1);
    return {
      ...parts,
      ...(semanticHead && { maps: (levels: tf.Tensor4D[]) => [semanticHead.forward(levels).features] }),
      masks: this.given.mask_info_flow && maskHeads.length > 0 ? [{ ...last[0], predict: this.flowing() }] : last,
    };
  }

  private flowing(): MaskParts['predict'] {
    return ([pooled], labels) => ({ logits: this.lastLogits(this.htcMaskHeads(), pooled, labels) });
  }
}

export const hybridTaskCascadeRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'HybridTaskCascadeRoIHead',
  summary: 'Second stage of Hybrid Task Cascade: interleaved boxes and masks, with features of a semantic branch',
  paper: 'Chen et al., Hybrid Task Cascade for Instance Segmentation, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'HybridTaskCascadeRoIHead', num_stages: 2, stage_loss_weights: [1, 0.5],
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead', reg_class_agnostic: true },
  mask_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
  mask_head: [{ type: 'HTCMaskHead', with_conv_res: false }, { type: 'HTCMaskHead' }],
  semantic_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
  semantic_head: { type: 'FusedSemanticHead', num_ins: 5, fusion_level: 1 },
}`,
  options,
  build: (given, context) => new HybridTaskCascadeRoIHead(given, context),
});
