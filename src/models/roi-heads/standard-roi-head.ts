// StandardRoIHead: the second stage. Proposals are sampled, pooled, classified and refined, once; with a mask head the
// positives also learn masks, and detections carry theirs.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { Module } from '../../nn';
import type { Proposals } from '../dense-heads/proposals';
import { toInstances } from '../task-modules';
import type { AuxiliaryLevels, DetBatch, FeatureSpec, LossContext, Losses, RegionOutputs, RoIHead } from '../types';
import type { BBoxHead } from './bbox-heads/bbox-head';
import { BBoxStage, type StageResult } from './bbox-stage';
import { firstMasks, type MaskPool, maskLoss, maskProbabilities, targetsOfMasks, withMasks } from './mask-branch';
import type { FCNMaskHead } from './mask-heads/fcn-mask-head';
import { type RegionTestCfg, regionDetections, regionTestCfg } from './region-detections';
import { partsInitCfg, RegionLearning, regionTrainCfg } from './region-learning';
import { RegionPool } from './region-pool';
import { roisOf } from './regions';
import type { RoIExtractor } from './roi-extractors/single-roi-extractor';
import type { ResLayer } from './shared-heads/res-layer';

const options = z.strictObject({
  bbox_roi_extractor: moduleOption('roi_extractor').describe('Pools the regions'),
  bbox_head: moduleOption('bbox_head').describe('Classifies and refines them'),
  mask_roi_extractor: moduleOption('roi_extractor')
    .nullish()
    .describe("Pools the regions for masks; without it those of the bbox_head's features that are positive"),
  mask_head: moduleOption('mask_head').nullish().describe('Predicts masks'),
  shared_head: moduleOption('shared_head').nullish().describe('Backbone stage behind the pooling, before all heads'),
  train_cfg: regionTrainCfg.nullish().describe('How it learns; set by the detector'),
  test_cfg: regionTestCfg.nullish().describe('How detections are chosen; set by the detector'),
  init_cfg: partsInitCfg,
});
type Options = z.output<typeof options>;

export class StandardRoIHead extends Module implements RoIHead {
  readonly bboxHead: BBoxHead;
  readonly maskHead?: FCNMaskHead;
  private readonly stage: BBoxStage;
  /** Absent where masks read the features of the boxes. */
  private readonly maskPool?: RegionPool;
  private readonly testCfg: RegionTestCfg | null | undefined;

  constructor(config: Options, context: BuildContext) {
    super();
    const { registry, path, inputs, numClasses } = context;
    const { train_cfg: cfg } = config;
    const build = (name: 'bbox_roi_extractor' | 'mask_roi_extractor', extractor: ModuleConfig) =>
      registry.build<RoIExtractor>('roi_extractor', extractor, { path: `${path}.${name}`, inputs });
    const pools = (name: 'bbox_roi_extractor' | 'mask_roi_extractor', extractor: RoIExtractor) => {
      if (extractor instanceof Module) this.addChild(name, extractor);
      return new RegionPool(extractor, shared);
    };
    // the shared head reads what the extractor pools, but stands before it in the state dict
    const extractor = build('bbox_roi_extractor', config.bbox_roi_extractor);
    const shared = config.shared_head
      ? this.addChild(
          'shared_head',
          registry.build<ResLayer>('shared_head', config.shared_head, {
            path: `${path}.shared_head`,
            inputs: [extractor.output],
          }),
        )
      : undefined;
    const pool = pools('bbox_roi_extractor', extractor);
    const head = (inputs: FeatureSpec) => ({ inputs: [inputs], numClasses });
    this.bboxHead = this.addChild(
      'bbox_head',
      registry.build<BBoxHead>('bbox_head', config.bbox_head, { path: `${path}.bbox_head`, ...head(pool.output) }),
    );
    if (config.mask_head) {
      if (config.mask_roi_extractor)
        this.maskPool = pools('mask_roi_extractor', build('mask_roi_extractor', config.mask_roi_extractor));
      this.maskHead = this.addChild(
        'mask_head',
        registry.build<FCNMaskHead>('mask_head', config.mask_head, {
          path: `${path}.mask_head`,
          ...head((this.maskPool ?? pool).output),
        }),
      );
    }
    this.testCfg = config.test_cfg;
    const learning = cfg
      ? new RegionLearning(cfg, { registry, path: `${path}.train_cfg` }, 'StandardRoIHead')
      : undefined;
    this.stage = new BBoxStage(pool, this.bboxHead, learning);
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
    const instances = batch.samples.map(({ truths }) => toInstances(truths));
    const boxes = proposals.map(({ bboxes }) => bboxes);
    const sampled = this.stage.sample(features, boxes, instances, batch, context);
    const result = this.stage.loss(features, sampled);
    const losses = { ...result.losses, ...(auxiliary && this.stage.auxiliaryLoss(auxiliary, result)) };
    if (!this.maskHead) return losses;
    const targets = targetsOfMasks(sampled, instances, batch, this.stage.learning.cfg);
    const pool = this.maskPool ? poolOf(this.maskPool, features) : positivesOf(result);
    return { ...losses, loss_mask: maskLoss(this.maskHead, pool, targets) };
  }

  /** Scores and deltas of all regions, masks of the first hundred. */
  forward(features: tf.Tensor4D[], proposals: Proposals[]): RegionOutputs {
    const boxes = proposals.map(({ bboxes }) => bboxes);
    const outputs = this.stage.predict(features, roisOf(boxes));
    const { maskHead } = this;
    if (!maskHead) return outputs;
    return { ...outputs, masks: [firstMasks(maskHead, poolOf(this.maskPool ?? this.stage.pool, features), boxes)] };
  }

  /** Detections by image, best first; in pixels of the original image with `rescale`. */
  predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const { testCfg: cfg, maskHead, bboxHead: head } = this;
    if (!cfg)
      throw new DetLabError(
        'Cannot predict with StandardRoIHead: it was built without test_cfg. Give test_cfg, for example ' +
          "{ score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 }",
      );
    const boxes = proposals.map(({ bboxes }) => bboxes);
    const regions = this.stage.predict(features, roisOf(boxes));
    const found = detectionsOf(head, boxes, regions, batch, cfg, rescale && !maskHead);
    if (!maskHead) return found;
    const pool = poolOf(this.maskPool ?? this.stage.pool, features);
    const probabilities = (own: readonly Float32Array[], labels: Int32Array) =>
      maskProbabilities(maskHead, pool, own, labels);
    return withMasks(found, probabilities, batch, cfg.mask_thr_binary, rescale);
  }
}

/** A pool tied to the features of a batch. */
export function poolOf(pool: RegionPool, features: tf.Tensor4D[]): MaskPool {
  return { order: (rois) => pool.order(rois), forward: (rois) => pool.forward(features, rois) };
}

/** The features of the positives, already pooled for their boxes. */
function positivesOf({ pooled, order, targets }: StageResult): MaskPool {
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

/** Scores (before softmax) and deltas of all regions of a batch -> detections of each image. */
export function detectionsOf(
  head: BBoxHead,
  boxes: readonly Float32Array[],
  { scores, deltas }: { scores: Float32Array; deltas?: Float32Array },
  batch: DetBatch,
  cfg: RegionTestCfg,
  rescale: boolean,
): Detections[] {
  const total = boxes.reduce((n, own) => n + own.length / 4, 0);
  const probabilities =
    total > 0 ? tf.softmax(tf.tensor2d(scores, [total, scores.length / total])).dataSync<'float32'>() : scores;
  let start = 0;
  return boxes.map((own, i) => {
    const count = own.length / 4;
    const part = (values: Float32Array) => {
      const columns = total > 0 ? values.length / total : 0;
      return values.subarray(start * columns, (start + count) * columns);
    };
    const regions = { boxes: own, scores: part(probabilities), deltas: deltas && part(deltas) };
    start += count;
    return regionDetections(regions, head.coder, head.numClasses, batch.samples[i].meta, cfg, rescale);
  });
}

export const standardRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'StandardRoIHead',
  summary: 'Second stage: pools proposals, classifies them, refines their boxes, and predicts masks',
  paper: 'Girshick, Fast R-CNN, ICCV 2015; He et al., Mask R-CNN, ICCV 2017',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example:
    "{ type: 'StandardRoIHead', bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } }, bbox_head: { type: 'Shared2FCBBoxHead' } }",
  options,
  build: (given, context) => new StandardRoIHead(given, context),
});
