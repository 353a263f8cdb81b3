// Anchor heads that classify: every anchor learns, and the best of them are detections (RetinaNet, SSD, ...).

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { Module } from '../../nn';
import type { Loss } from '../losses';
import type { DetBatch, LossContext, Losses } from '../types';
import { AnchorHead, type AnchorHeadConfig, type FlatOutputs, noLoss } from './anchor-head';
import type { AnchorTargets } from './anchor-targets';
import { type DenseTestCfg, denseDetections } from './dense-detections';
import { type DetectionHead, requireCfg } from './detection-head';

export type AnchorDetectionHeadConfig = AnchorHeadConfig & { test_cfg?: DenseTestCfg | null };

/** Targets of all anchors of a batch, images in a row: T anchors each. */
export interface DenseTargets {
  /** [images * T], `numClasses` for background. */
  labels: Int32Array;
  /** [images * T], 0 for anchors that take no part. */
  labelWeights: Float32Array;
  /** Rows (image * T + anchor) of the positives, and four numbers each. */
  positives: Int32Array;
  boxes: Float32Array;
  avgFactor: number;
}

export abstract class AnchorDetectionHead extends AnchorHead implements DetectionHead {
  protected readonly testCfg: DenseTestCfg | null | undefined;

  constructor(config: AnchorDetectionHeadConfig, context: BuildContext) {
    super(config, context);
    this.testCfg = config.test_cfg;
    // losses that keep counts (GHM) are saved with the model
    if (this.lossCls instanceof Module) this.addChild('loss_cls', this.lossCls);
    if (this.lossBbox instanceof Module) this.addChild('loss_bbox', this.lossBbox);
  }

  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const flat = this.flatten(this.forward(features));
    const targets = this.dense(
      this.targets(flat.sizes, batch, context, (parts) => this.predictions(flat, parts)),
      flat.scores.shape[1],
    );
    // losses that count over the batch (GHM) count level by level; for all others the sum is the same
    const counting = this.lossCls instanceof Module || this.lossBbox instanceof Module;
    const parts = counting ? this.byLevel(flat, targets) : [{ flat, targets }];
    return {
      loss_cls: parts.map((part) => this.classLoss(part.flat.scores, part.targets)),
      loss_bbox: parts.map((part) => this.boxLoss(part.flat, part.targets)),
    };
  }

  private byLevel(flat: FlatOutputs, targets: DenseTargets): { flat: FlatOutputs; targets: DenseTargets }[] {
    const [images, total] = flat.scores.shape;
    const perCell = this.priors.numBasePriors;
    const each = (values: Int32Array | Float32Array, start: number, count: number) =>
      Array.from({ length: images }, (_, i) => [
        ...values.subarray(i * total + start, i * total + start + count),
      ]).flat();
    let start = 0;
    return flat.sizes.map(([h, w], level) => {
      const from = start;
      const count = h * w * perCell[level];
      start += count;
      const cut = (x: tf.Tensor3D) => x.slice([0, from, 0], [-1, count, -1]);
      const inLevel = Array.from(targets.positives.keys()).filter((k) => {
        const at = targets.positives[k] % total;
        return at >= from && at < from + count;
      });
      const row = (k: number) => {
        const at = targets.positives[k];
        return Math.floor(at / total) * count + ((at % total) - from);
      };
      return {
        flat: { ...flat, scores: cut(flat.scores), deltas: cut(flat.deltas), first: from },
        targets: {
          labels: Int32Array.from(each(targets.labels, from, count)),
          labelWeights: Float32Array.from(each(targets.labelWeights, from, count)),
          positives: Int32Array.from(inLevel, row),
          boxes: takeBoxes(targets.boxes, inLevel),
          avgFactor: targets.avgFactor,
        },
      };
    });
  }

  protected dense(targets: AnchorTargets[], total: number): DenseTargets {
    const labels = new Int32Array(targets.length * total).fill(this.numClasses);
    const labelWeights = new Float32Array(labels.length);
    const weight = this.positiveWeight;
    const positives = new Int32Array(targets.reduce((n, t) => n + t.positive.length, 0));
    const boxes = new Float32Array(4 * positives.length);
    let at = 0;
    for (const [i, t] of targets.entries()) {
      for (const k of t.negative) labelWeights[i * total + k] = 1;
      boxes.set(t.boxes, 4 * at);
      for (const [j, k] of t.positive.entries()) {
        const row = i * total + k;
        labels[row] = t.labels[j];
        labelWeights[row] = weight;
        positives[at++] = row;
      }
    }
    return { labels, labelWeights, positives, boxes, avgFactor: targets.reduce((sum, t) => sum + t.avgFactor, 0) };
  }

  protected classLoss(scores: tf.Tensor3D, { labels, labelWeights, avgFactor }: DenseTargets): tf.Scalar {
    const rows = scores.reshape<tf.Tensor2D>([-1, scores.shape[2]]);
    const weight = labelWeights.every((w) => w === 1) ? undefined : tf.tensor1d(labelWeights);
    return this.lossCls.forward(rows, tf.tensor1d(labels, 'int32'), { weight, avgFactor }) as tf.Scalar;
  }

  protected boxLoss(
    flat: FlatOutputs & { first?: number },
    { positives, boxes, avgFactor }: DenseTargets,
    loss: Loss = this.lossBbox,
  ): tf.Scalar {
    if (positives.length === 0) return noLoss(flat.deltas);
    const predicted = this.predictedBoxes(flat, positives, flat.first);
    return loss.forward(predicted, tf.tensor2d(boxes, [positives.length, 4]), { avgFactor }) as tf.Scalar;
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const flat = this.flatten(this.forward(features));
    return this.detections(flat, batch, rescale);
  }

  /** `factors` [N, T]: logits multiplied into the scores after their sigmoid. */
  protected detections(flat: FlatOutputs, batch: DetBatch, rescale: boolean, factors?: tf.Tensor): Detections[] {
    const cfg = requireCfg(this.testCfg, this.constructor.name, 'test_cfg');
    const anchors = this.anchors(flat.sizes);
    const total = anchors.length / 4;
    const probability = this.lossCls.useSigmoid ? tf.sigmoid(flat.scores) : tf.softmax(flat.scores);
    const [scores, deltas] = [probability.dataSync<'float32'>(), flat.deltas.dataSync<'float32'>()];
    const gains = factors && tf.sigmoid(factors).dataSync<'float32'>();
    const perCell = this.priors.numBasePriors;
    const levels = flat.sizes.map(([h, w], i) => h * w * perCell[i]);
    return batch.samples.map(({ meta }, i) => {
      const own = (values: Float32Array, columns: number) =>
        values.subarray(i * total * columns, (i + 1) * total * columns);
      const coded = own(deltas, this.coder.encodeSize);
      const candidates = {
        scores: own(scores, this.scoreChannels),
        columns: this.scoreChannels,
        classes: this.numClasses,
        levels,
        factors: gains && own(gains, 1),
        decode: (priors: Int32Array) =>
          this.coder.decode(takeBoxes(anchors, priors), takeBoxes(coded, priors), { maxShape: meta.imgShape }),
      };
      return denseDetections(candidates, meta, cfg, rescale);
    });
  }
}
