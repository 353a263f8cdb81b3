// CascadeRoIHead: stages of classifying and refining, each starting from the boxes of the one before it and asking for a
// higher overlap. Detections take the last stage's boxes and the mean of all stages' scores and masks.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type Kind, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { Module, ModuleList } from '../../nn';
import type { Proposals } from '../dense-heads/proposals';
import { type SamplingResult, toInstances } from '../task-modules';
import type { AuxiliaryLevels, DetBatch, LossContext, Losses, RegionOutputs, RoIHead } from '../types';
import type { BBoxHead } from './bbox-heads/bbox-head';
import { BBoxStage, type StageResult } from './bbox-stage';
import { firstMasks, maskLoss, maskProbabilities, targetsOfMasks, withMasks } from './mask-branch';
import type { FCNMaskHead } from './mask-heads/fcn-mask-head';
import { regionTestCfg } from './region-detections';
import { partsInitCfg, RegionLearning, regionTrainCfg } from './region-learning';
import { RegionPool } from './region-pool';
import { inOrder, roisOf } from './regions';
import type { RoIExtractor } from './roi-extractors/single-roi-extractor';
import { detectionsOf, poolOf } from './standard-roi-head';

const perStage = <K extends Kind>(kind: K) => z.union([moduleOption(kind), z.array(moduleOption(kind))]);

const options = z.strictObject({
  num_stages: z.number().int().positive().describe('Number of stages'),
  stage_loss_weights: z.array(z.number()).min(1).describe('Factor on the losses of each stage'),
  bbox_roi_extractor: perStage('roi_extractor').describe('Pools the regions: one for all stages, or one for each'),
  bbox_head: perStage('bbox_head').describe('Classifies and refines them: one for all stages, or one for each'),
  mask_roi_extractor: perStage('roi_extractor')
    .nullish()
    .describe('Pools the regions for masks; as for boxes when absent'),
  mask_head: perStage('mask_head').nullish().describe('Predicts masks: one for all stages, or one for each'),
  shared_head: z
    .null({ error: 'CascadeRoIHead has no shared_head: leave it out or null' })
    .optional()
    .describe('Must be null'),
  train_cfg: z.array(regionTrainCfg).nullish().describe('How each stage learns; set by the detector'),
  test_cfg: regionTestCfg.nullish().describe('How detections are chosen; set by the detector'),
  init_cfg: partsInitCfg,
});
type Options = z.output<typeof options>;

export class CascadeRoIHead extends Module implements RoIHead {
  private readonly stages: BBoxStage[] = [];
  private readonly maskPools: RegionPool[] = [];
  private readonly maskHeads: FCNMaskHead[] = [];

  constructor(
    private readonly config: Options,
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

    const pools = (name: string, given: ModuleConfig | ModuleConfig[]): RegionPool[] => {
      const built = each(name, given).map((one) =>
        registry.build<RoIExtractor>('roi_extractor', one.config, { path: one.path, inputs }),
      );
      const modules = built.filter((extractor) => extractor instanceof Module);
      if (modules.length > 0) this.addChild(name, new ModuleList<Module>(modules));
      return built.map((extractor) => new RegionPool(extractor));
    };
    const bboxPools = pools('bbox_roi_extractor', config.bbox_roi_extractor);
    const heads = this.addChild('bbox_head', new ModuleList<BBoxHead>());
    for (const [i, one] of each('bbox_head', config.bbox_head).entries()) {
      const context = { path: one.path, inputs: [bboxPools[i].output], numClasses };
      const head = heads.push(registry.build<BBoxHead>('bbox_head', one.config, context));
      const learning =
        train_cfg && new RegionLearning(train_cfg[i], { registry, path: `${path}.train_cfg.${i}` }, 'CascadeRoIHead');
      this.stages.push(new BBoxStage(bboxPools[i], head, learning ?? undefined));
    }
    if (!config.mask_head) return;
    // the list of mask heads stands before that of their extractors
    const maskHeads = this.addChild('mask_head', new ModuleList<FCNMaskHead>());
    this.maskPools = config.mask_roi_extractor ? pools('mask_roi_extractor', config.mask_roi_extractor) : bboxPools;
    for (const [i, one] of each('mask_head', config.mask_head).entries()) {
      const context = { path: one.path, inputs: [this.maskPools[i].output], numClasses };
      this.maskHeads.push(maskHeads.push(registry.build<FCNMaskHead>('mask_head', one.config, context)));
    }
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
    const instances = batch.samples.map(({ truths }) => toInstances(truths));
    let boxes = proposals.map(({ bboxes }) => bboxes);
    const losses: Losses = {};
    for (const [i, stage] of this.stages.entries()) {
      const sampled = stage.sample(features, boxes, instances, batch, context);
      const result = stage.loss(features, sampled);
      // levels of the neck learn from the regions of the first stage
      const own = { ...result.losses, ...(auxiliary && i === 0 && stage.auxiliaryLoss(auxiliary, result)) };
      if (this.maskHeads.length > 0) {
        const targets = targetsOfMasks(sampled, instances, batch, stage.learning.cfg);
        own.loss_mask = maskLoss(this.maskHeads[i], poolOf(this.maskPools[i], features), targets);
      }
      for (const [name, value] of Object.entries(own))
        losses[`s${i}.${name}`] = name.includes('loss')
          ? tf.mul<tf.Scalar>(value as tf.Scalar, this.config.stage_loss_weights[i])
          : value;
      if (result.order.length === 0) break; // nothing to refine
      if (i + 1 < this.stages.length) boxes = refined(stage.head, result, sampled, batch);
    }
    return losses;
  }

  /** Detections by image, best first; in pixels of the original image with `rescale`. */
  predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const { test_cfg: cfg } = this.config;
    if (!cfg)
      throw new DetLabError(
        'Cannot predict with CascadeRoIHead: it was built without test_cfg. Give test_cfg, for example ' +
          "{ score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 }",
      );
    const { boxes, scores, deltas } = this.refine(features, proposals, batch);
    const masked = this.maskHeads.length > 0;
    const last = this.stages[this.stages.length - 1].head;
    const found = detectionsOf(last, boxes, { scores, deltas }, batch, cfg, rescale && !masked);
    if (!masked) return found;
    return withMasks(
      found,
      (own, labels) => this.meanMasks(features, own, labels),
      batch,
      cfg.mask_thr_binary,
      rescale,
    );
  }

  /** The mean scores of all stages and the deltas of the last one, of all regions; masks of the first hundred. */
  forward(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch): RegionOutputs {
    const { boxes, scores, deltas } = this.refine(features, proposals, batch);
    const masks = this.maskHeads.map((head, i) => firstMasks(head, poolOf(this.maskPools[i], features), boxes));
    return { scores, deltas, ...(masks.length > 0 && { masks }) };
  }

  /** The boxes that the last stage saw, what it says of them, and the mean scores of all. */
  private refine(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch) {
    let boxes = proposals.map(({ bboxes }) => bboxes);
    let mean: Float32Array = new Float32Array(0);
    let deltas: Float32Array | undefined;
    for (const [i, { head }] of this.stages.entries()) {
      const found = this.stages[i].predict(features, roisOf(boxes));
      mean = i === 0 ? found.scores : mean.map((v, k) => v + found.scores[k]);
      deltas = found.deltas;
      if (i + 1 < this.stages.length && deltas) boxes = moved(head, boxes, found.scores, deltas, batch);
    }
    return { boxes, deltas, scores: mean.map((v) => v / this.stages.length) };
  }

  private meanMasks(features: tf.Tensor4D[], boxes: readonly Float32Array[], labels: Int32Array) {
    const found = this.maskHeads.map((head, i) =>
      maskProbabilities(head, poolOf(this.maskPools[i], features), boxes, labels),
    );
    const [{ values, size }] = found;
    return { size, values: values.map((_, k) => found.reduce((sum, f) => sum + f.values[k], 0) / found.length) };
  }
}

function expectStages(path: string, stages: number, name: string, received: number): void {
  if (received !== stages)
    throw new DetLabError(
      `Cannot build CascadeRoIHead at ${path}: expected one of ${name} for each of ${stages} stages (num_stages), received ${received}`,
    );
}

/** The best foreground class of each region; scores have one more column for the background. */
function bestClasses(scores: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: scores.length / (classes + 1) }, (_, i) => {
    let best = 0;
    const row = i * (classes + 1);
    for (let c = 1; c < classes; c++) if (scores[row + c] > scores[row + best]) best = c;
    return best;
  });
}

/** Regions of the batch, moved by the deltas of their best class. */
function moved(
  head: BBoxHead,
  boxes: Float32Array[],
  scores: Float32Array,
  deltas: Float32Array,
  batch: DetBatch,
): Float32Array[] {
  const best = bestClasses(scores, head.numClasses);
  const columns = deltas.length / Math.max(best.length, 1);
  let at = 0;
  return boxes.map((own, i) => {
    const end = at + own.length / 4;
    const part = deltas.subarray(at * columns, end * columns);
    const result = head.refine(own, part, best.subarray(at, end), batch.samples[i].meta.imgShape);
    at = end;
    return result;
  });
}

/** What the next stage starts from: the sampled regions, moved, positives by their own class; truths are left out. */
function refined(
  head: BBoxHead,
  { outputs, order, targets }: StageResult,
  sampled: SamplingResult[],
  batch: DetBatch,
): Float32Array[] {
  const read = (x: tf.Tensor2D | undefined) =>
    inOrder(x ? x.cast('float32').dataSync<'float32'>() : new Float32Array(order.length), order);
  const [scores, deltas] = [read(outputs.scores), read(outputs.deltas)];
  const best = bestClasses(scores, head.numClasses);
  const labels = targets.labels.map((label, i) => (label === head.numClasses ? best[i] : label));
  const columns = deltas.length / order.length;
  let at = 0;
  return sampled.map(({ priors, positive, negative, truths }, i) => {
    const indices = [...positive, ...negative];
    const end = at + indices.length;
    const boxes = head.refine(
      takeBoxes(priors, indices),
      deltas.subarray(at * columns, end * columns),
      labels.subarray(at, end),
      batch.samples[i].meta.imgShape,
    );
    at = end;
    const kept = indices.flatMap((prior, k) => (prior < truths && k < positive.length ? [] : [k]));
    return takeBoxes(boxes, kept);
  });
}

export const cascadeRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'CascadeRoIHead',
  summary: 'Second stage in several steps, each refining the boxes of the one before',
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
