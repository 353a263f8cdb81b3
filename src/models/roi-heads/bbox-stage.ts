// One stage of classifying and refining regions: sampling, losses, predictions. StandardRoIHead has one, CascadeRoIHead
// several.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { joinArrays } from '../join-arrays';
import type { Instances, SamplingResult } from '../task-modules';
import type { AuxiliaryLevels, DetBatch, LossContext, Losses } from '../types';
import type { BBoxHead, BBoxOutputs } from './bbox-heads/bbox-head';
import { type BBoxTargets, bboxTargets, reorder } from './bbox-heads/bbox-targets';
import type { RegionLearning } from './region-learning';
import type { RegionPool } from './region-pool';
import { inOrder, roisOf, takeRois } from './regions';

/** What a stage computed of the sampled regions of a batch. */
export interface StageResult {
  losses: Losses;
  targets: BBoxTargets;
  /** Row k of `pooled` and `outputs` is region `order[k]` of the targets; empty when nothing was sampled. */
  order: Int32Array;
  pooled: tf.Tensor4D;
  outputs: BBoxOutputs;
}

/** Regions pooled at a time during prediction: a pooled region takes 49 times its channels. */
const TOGETHER = 512;

export class BBoxStage {
  constructor(
    readonly pool: RegionPool,
    readonly head: BBoxHead,
    private readonly training?: RegionLearning,
  ) {}

  get learning(): RegionLearning {
    if (this.training) return this.training;
    throw new DetLabError(
      'Cannot compute the losses of the roi_head: it was built without train_cfg. Give train_cfg with an assigner and a sampler',
    );
  }

  /** Image by image, the proposals (flat xyxy) that learn. */
  sample(
    features: tf.Tensor4D[],
    proposals: Float32Array[],
    instances: Instances[],
    { samples }: DetBatch,
    { random, epoch }: LossContext,
  ): SamplingResult[] {
    const { learning, pool, head } = this;
    return proposals.map((priors, image) => {
      const { imgShape } = samples[image].meta;
      const input = { priors, instances: instances[image], imgShape, random, epoch };
      return learning.sample(input, (candidates, labels) => {
        const none: Float32Array = new Float32Array(0);
        const rois = roisOf([...Array.from({ length: image }, () => none), candidates]);
        // plain numbers leave the tidy through this variable: it would look for tensors in each of them
        let losses = none;
        tf.tidy(() => {
          losses = head.perSampleLoss(head.forward(pool.forward(features, rois)), labels);
        });
        return losses;
      });
    });
  }

  loss(features: tf.Tensor4D[], sampled: SamplingResult[]): StageResult {
    const { head, pool } = this;
    const targets = bboxTargets(sampled, {
      coder: head.coder,
      decoded: head.config.reg_decoded_bbox,
      classes: head.numClasses,
      positiveWeight: this.learning.cfg.pos_weight,
    });
    if (targets.labels.length > 0) {
      const order = pool.order(targets.rois);
      const sorted = reorder(targets, order);
      const pooled = pool.forward(features, sorted.rois);
      const outputs = head.forward(pooled);
      return { losses: head.loss(outputs, sorted), targets, order, pooled, outputs };
    }
    // neither proposals nor truths in the whole batch: zero losses, through a made-up region so that gradients exist
    const idle = { ...targets, rois: new Float32Array([0, 0, 0, 1, 1]), labels: new Int32Array(1) };
    const pooled = pool.forward(features, idle.rois);
    const outputs = head.forward(pooled);
    const losses = Object.entries(head.loss(outputs, idle)).map(([name, value]) => [
      name,
      tf.mul(value as tf.Scalar, 0),
    ]);
    return { losses: Object.fromEntries(losses), targets, order: new Int32Array(0), pooled, outputs };
  }

  /**
   * The head's losses on levels of the neck that are to be supervised (AugFPN): every sampled region is pooled from each of
   * them; `loss_aux_cls` and `loss_aux_bbox` are the means over the levels.
   */
  auxiliaryLoss({ levels, strides, weight }: AuxiliaryLevels, { targets, order }: StageResult): Losses {
    const terms: Record<'loss_aux_cls' | 'loss_aux_bbox', tf.Scalar[]> = { loss_aux_cls: [], loss_aux_bbox: [] };
    if (order.length > 0)
      for (const [i, level] of levels.entries()) {
        const losses = this.head.loss(this.head.forward(this.pool.fromLevel(level, strides[i], targets.rois)), targets);
        if (losses.loss_cls) terms.loss_aux_cls.push(losses.loss_cls as tf.Scalar);
        if (losses.loss_bbox) terms.loss_aux_bbox.push(losses.loss_bbox as tf.Scalar);
      }
    return Object.fromEntries(
      Object.entries(terms).map(([name, list]) => [
        name,
        list.length > 0 ? tf.mul<tf.Scalar>(tf.addN(list), weight / levels.length) : tf.scalar(0),
      ]),
    );
  }

  /** Scores (before softmax) and deltas of regions, in their order. */
  predict(features: tf.Tensor4D[], rois: Float32Array): { scores: Float32Array; deltas?: Float32Array } {
    if (rois.length === 0) return { scores: new Float32Array(0) };
    const order = this.pool.order(rois);
    const sorted = takeRois(rois, order);
    const found: { scores: Float32Array[]; deltas: Float32Array[] } = { scores: [], deltas: [] };
    for (let at = 0; at < sorted.length; at += 5 * TOGETHER)
      tf.tidy(() => {
        const { scores, deltas } = this.head.forward(
          this.pool.forward(features, sorted.subarray(at, at + 5 * TOGETHER)),
        );
        if (!scores)
          throw new DetLabError('Cannot predict: the bbox_head has with_cls false, so regions have no scores');
        found.scores.push(scores.cast('float32').dataSync<'float32'>());
        if (deltas) found.deltas.push(deltas.cast('float32').dataSync<'float32'>());
      });
    const { scores, deltas } = found;
    return {
      scores: inOrder(joinArrays(scores), order),
      deltas: deltas.length > 0 ? inOrder(joinArrays(deltas), order) : undefined,
    };
  }
}
