// The loss of DDQ's dense queries (Zhang et al., CVPR 2023): several of them learn each object, weighted by how well score and box
// agree with it, as in TOOD. An image without objects teaches them nothing, as in the reference.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { buildClassificationLoss, hasQualityTargets } from '../losses/classification-loss';
import type { Loss, QualityLoss } from '../losses/loss';
import { zeroLoss } from '../losses/zero-loss';
import { type Assigner, buildAssigner, type Instances } from '../task-modules';
import type { DetBatch, LossContext } from '../types';
import { normalizedMetrics, sumOrOne } from './alignment-targets';
import { imageRows } from './image-rows';

/** Probabilities [N, M, C], and boxes [N, M, 4] in pixels, xyxy. */
export interface DenseQueries {
  scores: tf.Tensor3D;
  boxes: tf.Tensor3D;
}

interface ImageQueries {
  labels: Int32Array;
  weights: Float32Array;
  /** Of the positives. */
  positives: Int32Array;
  boxes: Float32Array;
  metrics: Float32Array;
}

export class DenseQueryLoss {
  private readonly assigner: Assigner;
  private readonly lossCls: QualityLoss;
  private readonly lossBbox: Loss;

  /** @param topk queries of an object */
  constructor(topk: number, { registry, path }: Pick<BuildContext, 'registry' | 'path'>) {
    const offer = { head: 'DDQDETRHead', predictions: ['scores', 'boxes'], reads: ['maxOverlaps', 'metrics'] } as const;
    this.assigner = buildAssigner({ type: 'TopkHungarianAssigner', topk }, { registry, path }, offer);
    const cls = buildClassificationLoss({ type: 'QualityFocalLoss', activated: true }, { registry, path });
    if (!hasQualityTargets(cls))
      throw new DetLabError(`Cannot build DDQDETRHead at ${path}: QualityFocalLoss has no quality`);
    this.lossCls = cls;
    this.lossBbox = registry.build('loss', { type: 'GIoULoss', loss_weight: 2 }, { path });
  }

  /** By image. */
  forward(
    { scores, boxes }: DenseQueries,
    truths: readonly Instances[],
    batch: DetBatch,
    { random, epoch }: LossContext,
  ): { cls: tf.Scalar[]; bbox: tf.Scalar[] } {
    const [images, count, classes] = scores.shape;
    const [allScores, allBoxes] = [scores, boxes].map((x) => x.dataSync<'float32'>());
    const targets = truths.map((instances, n) => {
      const predictions = {
        count,
        classes,
        scores: imageRows(allScores, n, images),
        boxes: imageRows(allBoxes, n, images),
      };
      const { imgShape } = batch.samples[n].meta;
      const input = { priors: new Float32Array(0), levels: [], instances, predictions, imgShape, random, epoch };
      return this.targets(instances, this.assigner.assign(input), classes);
    });
    const metrics = Float32Array.from(targets.flatMap((image) => [...image.metrics]));
    const [clsFactor, boxFactor] = [sumOrOne(metrics), sumOrOne(metrics)];
    const ofImage = (x: tf.Tensor3D, n: number) =>
      tf.slice(x, [n, 0, 0], [1, -1, -1]).reshape<tf.Tensor2D>([count, -1]);
    return {
      cls: targets.map(({ labels, weights, positives, metrics }, n) => {
        const quality = new Float32Array(count);
        for (const [k, i] of positives.entries()) quality[i] = metrics[k];
        const target: [tf.Tensor, tf.Tensor] = [tf.tensor1d(labels, 'int32'), tf.tensor1d(quality)];
        const call = { weight: tf.tensor1d(weights), avgFactor: 1 };
        return tf.div<tf.Scalar>(this.lossCls.forward(ofImage(scores, n), target, call), clsFactor);
      }),
      bbox: targets.map(({ positives, boxes: wanted, metrics }, n) => {
        const predicted = ofImage(boxes, n);
        if (positives.length === 0) return zeroLoss(predicted);
        const rows = tf.gather(predicted, tf.tensor1d(positives, 'int32'));
        const call = { weight: tf.tensor1d(metrics), avgFactor: 1 };
        const loss = this.lossBbox.forward(rows, tf.tensor2d(wanted, [positives.length, 4]), call);
        return tf.div<tf.Scalar>(loss, boxFactor);
      }),
    };
  }

  private targets(
    { bboxes, labels: ofTruths }: Instances,
    { assigned, maxOverlaps, metrics = new Float32Array(0) }: ReturnType<Assigner['assign']>,
    classes: number,
  ): ImageQueries {
    const positives = Int32Array.from(assigned.keys()).filter((i) => assigned[i] > 0);
    const truths = positives.map((i) => assigned[i] - 1);
    const labels = new Int32Array(assigned.length).fill(classes);
    for (const [k, i] of positives.entries()) labels[i] = ofTruths[truths[k]];
    return {
      labels,
      weights: new Float32Array(assigned.length).fill(ofTruths.length > 0 ? 1 : 0),
      positives,
      boxes: takeBoxes(bboxes, truths),
      metrics: normalizedMetrics({
        truths,
        numTruths: ofTruths.length,
        overlaps: Float32Array.from(positives, (i) => maxOverlaps[i]),
        metrics: Float32Array.from(positives, (i) => metrics[i]),
      }),
    };
  }
}
