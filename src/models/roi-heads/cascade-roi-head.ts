// CascadeRoIHead: stages of classifying and refining, each starting from the boxes of the stage before and assigned at
// a higher IoU. Detections take the last stage's boxes and the scores and masks averaged over all stages.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type Kind, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { Module, ModuleList } from '../../nn';
import { requireCfg } from '../require-cfg';
import { reportScores } from '../score-watch';
import { type SamplingResult, toInstances } from '../task-modules';
import type { AuxiliaryLevels, DetBatch, LossContext, Losses, Proposals, RoIHead, RoIOutputs } from '../types';
import { BBoxStage, stageInput } from './bbox-stage';
import {
  type MaskPredictor,
  type MaskProbabilities,
  maskLogits,
  maskLoss,
  maskPredictor,
  maskProbabilities,
  maskTargets,
  withMasks,
} from './mask-branch';
import { roiMaskHead } from './narrow-mask-head';
import { nextProposals, refineBoxes } from './next-proposals';
import { ProposalSampler, partsInitCfg, type RCNNTrainCfg, rcnnTrainCfg } from './proposal-sampler';
import { batchRoIDetections, RCNN_TEST_EXAMPLE, type RCNNTestCfg, rcnnTestCfg } from './roi-detections';
import type { RoIHeadParts } from './roi-head-parts';
import { RoIPooler } from './roi-pooler';
import type { BoxHead, MaskHead, RoIExtractor, StageInput, StageOutput, StageTraining } from './types';
import { watchedRois } from './watched-rois';

const perStage = <K extends Kind>(kind: K) => z.union([moduleOption(kind), z.array(moduleOption(kind))]);

export const cascadeOptions = {
  num_stages: z.number().int().positive().describe('Number of stages'),
  stage_loss_weights: z.array(z.number()).min(1).describe('Loss weight of each stage'),
  bbox_roi_extractor: perStage('roi_extractor').describe('RoI pooling for the bbox_head; one config, or one per stage'),
  bbox_head: perStage('bbox_head').describe(
    'Classifies proposals and refines their boxes; one config, or one per stage',
  ),
  mask_roi_extractor: perStage('roi_extractor')
    .nullish()
    .describe('RoI pooling for the mask_head; that of the bbox_head when absent'),
  mask_head: perStage('mask_head').nullish().describe('Predicts instance masks; one config, or one per stage'),
  shared_head: z
    .null({ error: 'CascadeRoIHead has no shared_head: leave it out or null' })
    .optional()
    .describe('Must be null'),
  train_cfg: z.array(rcnnTrainCfg).nullish().describe('Training settings of each stage, passed down by the detector'),
  test_cfg: rcnnTestCfg.nullish().describe('Post-processing (score threshold, NMS), passed down by the detector'),
  init_cfg: partsInitCfg,
};
const options = z.strictObject(cascadeOptions);
export type CascadeRoIHeadConfig = z.output<typeof options>;

/** The losses of one stage, without its name and weight. */
export interface StageLoss {
  losses: Losses;
  /** What the next stage starts from; absent when no RoI was sampled. */
  next?: () => StageInput;
  /** Losses of the whole head, with neither stage nor weight. */
  whole?: Losses;
}

/**
 * Seams for its relatives: `pooler` (Hybrid Task Cascade adds semantic features to the pooled ones), `proposalSampler`,
 * `stageLoss` (Sparse R-CNN assigns after predicting), `nextInput`, `maskPredictor` and `predictMasks` (mask
 * features that flow from stage to stage).
 */
export class CascadeRoIHead extends Module implements RoIHead {
  protected readonly stages: BBoxStage[] = [];
  protected readonly maskPoolers: RoIPooler[] = [];
  protected readonly maskHeads: MaskHead[] = [];

  constructor(
    protected readonly config: CascadeRoIHeadConfig,
    { registry, path, inputs, numClasses }: BuildContext,
  ) {
    super();
    const { num_stages, stage_loss_weights, train_cfg } = config;
    const each = (name: string, given: ModuleConfig | ModuleConfig[]): { config: ModuleConfig; path: string }[] => {
      const list = Array.isArray(given) ? given : Array.from({ length: num_stages }, () => given);
      expectStages(path, num_stages, name, list.length);
      return list.map((one, i) => ({ config: one, path: `${path}.${name}${Array.isArray(given) ? `.${i}` : ''}` }));
    };
    expectStages(path, num_stages, 'stage_loss_weights', stage_loss_weights.length);
    if (train_cfg) expectStages(path, num_stages, 'train_cfg.rcnn', train_cfg.length);

    const poolers = (name: 'bbox_roi_extractor' | 'mask_roi_extractor', given: ModuleConfig | ModuleConfig[]) => {
      const built = each(name, given).map((one) =>
        registry.build('roi_extractor', one.config, { path: one.path, inputs }),
      );
      const modules = built.filter((extractor) => extractor instanceof Module);
      if (modules.length > 0) this.addChild(name, new ModuleList<Module>(modules));
      return built.map((extractor) => this.pooler(extractor, name === 'bbox_roi_extractor' ? 'bbox' : 'mask'));
    };
    const bboxPoolers = poolers('bbox_roi_extractor', config.bbox_roi_extractor);
    const heads = this.addChild('bbox_head', new ModuleList<BoxHead>());
    for (const [i, one] of each('bbox_head', config.bbox_head).entries()) {
      const context = { path: one.path, inputs: [bboxPoolers[i].output], numClasses };
      const head = heads.push(registry.build('bbox_head', one.config, context));
      const sampler = train_cfg && this.proposalSampler(train_cfg[i], { registry, path: `${path}.train_cfg.${i}` });
      this.stages.push(new BBoxStage(bboxPoolers[i], head, sampler ?? undefined));
    }
    if (!config.mask_head) return;
    // the list of mask heads comes before that of their extractors in the state dict
    const maskHeads = this.addChild('mask_head', new ModuleList<MaskHead>());
    this.maskPoolers = config.mask_roi_extractor
      ? poolers('mask_roi_extractor', config.mask_roi_extractor)
      : bboxPoolers.map(({ extractor }) => this.pooler(extractor, 'mask'));
    for (const [i, one] of each('mask_head', config.mask_head).entries()) {
      const context = { path: one.path, inputs: [this.maskPoolers[i].output], numClasses };
      const built = registry.build('mask_head', one.config, context);
      const head = maskHeads.push(roiMaskHead(built, { path: one.path, type: one.config.type }));
      // the reference keeps them in a list that passes no initialisation on
      head.initializeByDefault?.();
      this.maskHeads.push(head);
    }
  }

  /** Called while the head is built, for every extractor. */
  protected pooler(extractor: RoIExtractor, _branch: 'bbox' | 'mask'): RoIPooler {
    return new RoIPooler(extractor);
  }

  /** Called while the head is built, for every stage; undefined where a stage does not sample its proposals. */
  protected proposalSampler(
    cfg: RCNNTrainCfg,
    at: Pick<BuildContext, 'registry' | 'path'>,
  ): ProposalSampler | undefined {
    return new ProposalSampler(cfg, at, this.constructor.name);
  }

  get numClasses(): number {
    return this.stages[0].head.numClasses;
  }

  /** `s0.loss_cls`, `s0.acc`, `s0.loss_bbox`, `s0.loss_mask`, `s1.loss_cls`, ... */
  loss(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    context: LossContext,
    auxiliary?: AuxiliaryLevels,
  ): Losses {
    const instances = batch.samples.map(({ truths, meta }) => toInstances(truths, meta.imgPath));
    const training = { features, batch, instances, context, auxiliary };
    let input = stageInput(proposals);
    const losses: Losses = {};
    for (const [stage, weight] of this.config.stage_loss_weights.entries()) {
      const result = this.stageLoss(stage, input, training);
      for (const [name, value] of Object.entries(result.losses))
        losses[`s${stage}.${name}`] = name.includes('loss') ? tf.mul<tf.Scalar>(value as tf.Scalar, weight) : value;
      Object.assign(losses, result.whole);
      if (!result.next) break;
      if (stage + 1 < this.stages.length) input = result.next();
    }
    return losses;
  }

  /** Sample, classify and refine, compare; then the masks of the same positives. */
  protected stageLoss(index: number, { boxes }: StageInput, training: StageTraining): StageLoss {
    const stage = this.stages[index];
    const { features, batch, auxiliary } = training;
    const result = stage.loss(features, stage.sample(boxes, { ...training, stage: index }));
    return {
      losses: {
        ...result.losses,
        // auxiliary levels of the neck are supervised by the first stage
        ...(auxiliary && index === 0 && stage.auxiliaryLoss(auxiliary, result)),
        ...(this.maskHeads.length > 0 && { loss_mask: this.maskLoss(index, result.sampled, training) }),
      },
      next: result.order.length > 0 ? () => ({ boxes: nextProposals(stage.head, result, batch) }) : undefined,
    };
  }

  /** The loss of the masks of the positives. */
  protected maskLoss(stage: number, sampled: SamplingResult[], training: StageTraining): tf.Scalar {
    const targets = maskTargets(sampled, training, this.stages[stage].sampler.cfg);
    return maskLoss(this.maskHeads[stage], this.maskPredictor(stage, training.features), targets);
  }

  /** The mask head of one stage on the features of a batch. */
  protected maskPredictor(stage: number, features: tf.Tensor4D[]): MaskPredictor {
    return maskPredictor(this.maskHeads[stage], this.maskPoolers[stage].bind(features));
  }

  /** @throws DetLabError without test_cfg */
  protected testCfg(): RCNNTestCfg {
    return requireCfg(this.config.test_cfg, this.constructor.name, 'test_cfg', RCNN_TEST_EXAMPLE);
  }

  /** Detections by image, best first; in pixels of the original image with `rescale`. */
  predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const cfg = this.testCfg();
    const { boxes, ...output } = this.predictStages(features, stageInput(proposals), batch);
    const masked = this.maskHeads.length > 0;
    const last = this.stages[this.stages.length - 1].head;
    const detections = batchRoIDetections(last, boxes, output, batch, cfg, rescale && !masked);
    if (!masked) return detections;
    const probabilities = (ofImages: readonly Float32Array[], labels: Int32Array) =>
      this.predictMasks(features, ofImages, labels);
    return withMasks(detections, probabilities, batch, cfg.mask_thr_binary, rescale);
  }

  /**
   * Mean scores of all stages and deltas of the last one, of all proposals; mask logits of the first hundred, by stage.
   */
  forward(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch): RoIOutputs {
    const { boxes, scores, deltas } = this.predictStages(features, stageInput(proposals), batch);
    const masks = this.maskHeads.map((head, i) => maskLogits(head, this.maskPoolers[i].bind(features), boxes));
    return { scores, deltas, ...(masks.length > 0 && { masks }) };
  }

  /** The RoIs of the last stage, its deltas of them, and the scores averaged over all stages. */
  protected predictStages(features: tf.Tensor4D[], first: StageInput, batch: DetBatch): StageInput & StageOutput {
    let input = first;
    const entered = [input.boxes[0]];
    let output = this.stages[0].predict(features, input);
    let sum = output.scores;
    for (let stage = 1; stage < this.stages.length; stage++) {
      input = this.nextInput(stage - 1, input, output, batch);
      entered.push(input.boxes[0]);
      output = this.stages[stage].predict(features, input);
      const { scores } = output;
      sum = sum.map((v, k) => v + scores[k]);
    }
    const { deltas } = output;
    reportScores(() => watchedRois(this.constructor.name, this.stages, features, entered, deltas, batch));
    return { ...output, boxes: input.boxes, scores: sum.map((v) => v / this.stages.length) };
  }

  /** What the stage after `stage` starts from in prediction. */
  protected nextInput(stage: number, input: StageInput, output: StageOutput, batch: DetBatch): StageInput {
    const { scores, deltas } = output;
    if (!deltas) return input;
    return { boxes: refineBoxes(this.stages[stage].head, input.boxes, { scores, deltas }, batch) };
  }

  get parts(): RoIHeadParts {
    return {
      stages: this.stages,
      masks: this.maskHeads.map((head, i) => ({
        poolers: [this.maskPoolers[i]],
        predict: ([pooled], labels) => ({ logits: head.classLogits(pooled, labels) }),
      })),
      cfg: this.testCfg(),
    };
  }

  /** The masks of the classes `labels` of detections, averaged over all stages. */
  protected predictMasks(
    features: tf.Tensor4D[],
    boxes: readonly Float32Array[],
    labels: Int32Array,
  ): MaskProbabilities {
    const stages = this.maskHeads.map((_, i) => maskProbabilities(this.maskPredictor(i, features), boxes, labels));
    const [{ values, size }] = stages;
    return { size, values: values.map((_, k) => stages.reduce((sum, s) => sum + s.values[k], 0) / stages.length) };
  }
}

function expectStages(path: string, stages: number, name: string, received: number): void {
  if (received !== stages)
    throw new DetLabError(
      `Cannot build CascadeRoIHead at ${path}: expected one of ${name} for each of ${stages} stages (num_stages), received ${received}`,
    );
}

export const cascadeRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'CascadeRoIHead',
  summary: 'Second stage of Cascade R-CNN: several stages, each refining the boxes of the one before',
  paper: 'Cai and Vasconcelos, Cascade R-CNN, CVPR 2018',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'CascadeRoIHead', num_stages: 2, stage_loss_weights: [1, 0.5],
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead', reg_class_agnostic: true },
}`,
  options,
  build: (given, context) => new CascadeRoIHead(given, context),
});
