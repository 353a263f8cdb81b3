// FSAFHead: RetinaNet's towers for one anchor a cell, where each object is learnt only on the pyramid level that predicts it
// best so far (Zhu et al., FSAF, CVPR 2019). The level is chosen on the engine, from losses that are not yet reduced.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { initCfg, Module } from '../../nn';
import { stopGradient } from '../../ops';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { accuracy, atLeast, classRows } from '../losses';
import type { DetBatch, LossContext, Losses } from '../types';
import type { DenseTargets } from './anchor-detection-head';
import { type FlatOutputs, noLoss } from './anchor-head';
import type { AnchorTargets } from './anchor-targets';
import { RetinaHead, type RetinaHeadConfig, retinaOptions } from './retina-head';

const options = z.strictObject({
  ...retinaOptions,
  score_threshold: z
    .number()
    .nullish()
    .describe('Scores up to this count as misses in pos_recall, which is logged; not part of the loss'),
  init_cfg: initCfg
    .nullable()
    .default({
      type: 'Normal',
      layer: 'Conv2d',
      std: 0.01,
      // boxes start with a size: distances below zero are cut to zero
      override: [
        { type: 'Normal', name: 'retina_cls', std: 0.01, bias_prob: 0.01 },
        { type: 'Normal', name: 'retina_reg', std: 0.01, bias: 0.25 },
      ],
    })
    .describe('Where the weights start from'),
});
export type FSAFHeadConfig = RetinaHeadConfig & Pick<z.output<typeof options>, 'score_threshold'>;

/** Loss of a level on which an object has no positive anchor: never the least. */
const NOWHERE = 1e6;
/** Least distance of a side that the box loss sees, so that boxes have an area. */
const LEAST_DISTANCE = 1e-4;

/** The positives of a batch, in rising rows of image * T + anchor. */
interface Positives {
  rows: Int32Array;
  labels: Int32Array;
  boxes: Float32Array;
  /** Index among all truths of the batch. */
  truths: Int32Array;
  levels: Int32Array;
}

export class FSAFHead extends RetinaHead {
  private readonly scoreThreshold: number | null | undefined;

  constructor(config: FSAFHeadConfig, context: BuildContext) {
    super(config, context);
    this.scoreThreshold = config.score_threshold;
    const counts = [this.lossCls, this.lossBbox].some((loss) => loss instanceof Module);
    if (!this.lossCls.useSigmoid || counts)
      throw new DetLabError(
        `Cannot build FSAFHead at ${context.path}: expected losses that tell each anchor and class apart, such as ` +
          "loss_cls: { type: 'FocalLoss', use_sigmoid: true, reduction: 'none' }, received " +
          `${JSON.stringify(counts ? [config.loss_cls, config.loss_bbox] : config.loss_cls)}`,
      );
  }

  protected override forwardSingle(x: tf.Tensor4D): { scores: tf.Tensor4D; deltas: tf.Tensor4D } {
    const { scores, deltas } = super.forwardSingle(x);
    return { scores, deltas: tf.relu(deltas) };
  }

  override loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const raw = this.flatten(this.forward(features));
    const flat = { ...raw, deltas: atLeast(raw.deltas, LEAST_DISTANCE) };
    const targets = this.targets(flat.sizes, batch, context, (parts) => this.predictions(flat, parts));
    const total = flat.scores.shape[1];
    const dense = this.dense(targets, total);
    const positives = this.positivesOf(flat, dense, targets);
    const count = positives.rows.length;

    const rows = flat.scores.reshape<tf.Tensor2D>([-1, this.numClasses]);
    const { labels, weights } = this.classTargets(dense, targets, total);
    const cls = this.lossCls.forward(rows, labels, { weight: weights, reduction: 'none' }); // [N * T, C]
    const averaged = (loss: tf.Tensor, by: tf.Scalar | number) => tf.div<tf.Scalar>(loss, by);
    const negatives = targets.reduce((sum, t) => sum + t.negative.length, 0);
    if (count === 0) {
      const zero = tf.scalar(0);
      return {
        loss_cls: averaged(tf.sum(cls), negatives),
        loss_bbox: noLoss(flat.deltas),
        num_pos: zero,
        pos_recall: zero,
      };
    }
    const at = tf.tensor1d(positives.rows, 'int32');
    const own = tf.tensor1d(positives.labels, 'int32');
    const wanted = tf.tensor2d(positives.boxes, [count, 4]);
    const box = this.lossBbox.forward(this.predictedBoxes(flat, positives.rows), wanted, { reduction: 'none' });
    const boxLoss = (box.rank === 2 ? tf.sum(box, 1) : box) as tf.Tensor1D; // [P]
    const classes = tf.gather(cls, at); // [P, C]
    const learns = this.chosen(tf.add(tf.sum(classes, 1), boxLoss), positives, targets, flat.sizes.length);

    // an anchor on another level still learns what it is not
    const leftOut = tf.mul(tf.sum(tf.mul(classes, classRows(own, this.numClasses)), 1), tf.sub(1, learns));
    const positive = tf.sum<tf.Scalar>(learns);
    // where no level is good enough for any object, the negatives are counted; `positive` is a whole number
    const learnt = tf.add<tf.Scalar>(positive, tf.mul(tf.relu(tf.sub(1, positive)), negatives));
    const scores = tf.sigmoid(tf.gather(rows, at));
    return {
      loss_cls: averaged(tf.sub(tf.sum(cls), tf.sum(leftOut)), learnt),
      loss_bbox: averaged(tf.sum(tf.mul(boxLoss, learns)), learnt),
      num_pos: averaged(positive, batch.samples.length),
      pos_recall: accuracy(stopGradient(scores), own, { threshold: this.scoreThreshold, counted: learns }),
    };
  }

  /** 1 for the positives on the level where their object's mean loss is least, 0 for the others; [P], without gradient. */
  private chosen(
    losses: tf.Tensor,
    { truths, levels }: Positives,
    targets: AnchorTargets[],
    numLevels: number,
  ): tf.Tensor1D {
    const objects = targets.reduce((sum, t) => sum + t.numTruths, 0);
    const places = truths.map((g, k) => g * numLevels + levels[k]);
    const anchors = new Float32Array(objects * numLevels);
    for (const place of places) anchors[place]++;
    return stopGradient(losses, (values) => {
      const sums = tf.unsortedSegmentSum(values as tf.Tensor1D, tf.tensor1d(places, 'int32'), anchors.length);
      const means = tf.add(
        tf.div(
          sums,
          anchors.map((n) => n || 1),
        ),
        anchors.map((n) => (n ? 0 : NOWHERE)),
      );
      const best = tf.argMin(means.reshape([objects, numLevels]), 1);
      return tf
        .equal(tf.gather(best, tf.tensor1d(truths, 'int32')), tf.tensor1d(levels, 'int32'))
        .cast<tf.Tensor1D>('float32');
    });
  }

  private positivesOf({ scores, sizes }: FlatOutputs, dense: DenseTargets, targets: AnchorTargets[]): Positives {
    const total = scores.shape[1];
    const perCell = this.priors.numBasePriors;
    const level = new Int32Array(total);
    let start = 0;
    for (const [k, [h, w]] of sizes.entries()) {
      level.fill(k, start, start + h * w * perCell[k]);
      start += h * w * perCell[k];
    }
    let before = 0;
    const truths = targets.flatMap((t) => {
      const first = before;
      before += t.numTruths;
      return Array.from(t.truths, (g) => first + g);
    });
    const { positives: rows, boxes, labels } = dense;
    return {
      rows,
      boxes,
      labels: rows.map((row) => labels[row]),
      truths: Int32Array.from(truths),
      levels: rows.map((row) => level[row % total]),
    };
  }

  /** Labels [N * T] and weights [N * T, C]: 0 for anchors that are not sampled, and for their ignored labels. */
  private classTargets(
    { labels, labelWeights }: DenseTargets,
    targets: AnchorTargets[],
    total: number,
  ): { labels: tf.Tensor1D; weights: tf.Tensor2D } {
    const classes = this.numClasses;
    const weights = new Float32Array(labels.length * classes);
    for (const [row, weight] of labelWeights.entries()) weights.fill(weight, row * classes, (row + 1) * classes);
    for (const [i, { ignoredLabels = [] }] of targets.entries())
      for (let k = 0; k < ignoredLabels.length; k += 2)
        weights[(i * total + ignoredLabels[k]) * classes + ignoredLabels[k + 1]] = 0;
    return { labels: tf.tensor1d(labels, 'int32'), weights: tf.tensor2d(weights, [labels.length, classes]) };
  }
}

export const fsafHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'FSAFHead',
  summary: 'One box a cell, each object learnt on the pyramid level that predicts it best',
  paper: 'Zhu et al., Feature Selective Anchor-Free Module, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'FSAFHead', num_classes: 80, reg_decoded_bbox: true, anchor_generator: { type: 'AnchorGenerator', octave_base_scale: 1, scales_per_octave: 1, ratios: [1] }, bbox_coder: { type: 'TBLRBBoxCoder' }, loss_cls: { type: 'FocalLoss', reduction: 'none' }, loss_bbox: { type: 'IoULoss', reduction: 'none' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('FSAFHead', given, context),
  build: (given, context) => new FSAFHead(given as FSAFHeadConfig, context),
});
