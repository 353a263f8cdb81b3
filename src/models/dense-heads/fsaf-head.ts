// FSAFHead: RetinaNet's towers for one anchor a cell; each object is assigned to the pyramid level that currently predicts it
// best (Zhu et al., FSAF, CVPR 2019). The level is selected on the engine, from losses that are not yet reduced.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { stepGroup } from '../../engine/step-group';
import { DetLabError } from '../../errors';
import { Module } from '../../nn';
import { stopGradient } from '../../ops';
import { sumOverRanks, tensorOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { accuracy, atLeast, classRows, zeroLoss } from '../losses';
import type { Size } from '../task-modules';
import type { AssignmentWatch, LossContext, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { initOptionOf, normalInit, rareClassInit } from './head-options';
import type { ImageTargets } from './image-targets';
import { RetinaHead, type RetinaHeadConfig, retinaOptions } from './retina-head';

const options = z.strictObject({
  ...retinaOptions,
  score_threshold: z
    .number()
    .nullish()
    .describe('Minimum score of a hit in pos_recall, which is logged and not part of the loss'),
  init_cfg: initOptionOf({
    ...normalInit,
    // boxes start with a size: distances below zero are cut to zero
    override: [rareClassInit('retina_cls').override, { type: 'Normal', name: 'retina_reg', std: 0.01, bias: 0.25 }],
  }),
});
export type FSAFHeadConfig = RetinaHeadConfig & Pick<z.output<typeof options>, 'score_threshold'>;

/** Loss of a level on which an object has no positive anchor: never the minimum. */
const NO_POSITIVES_LOSS = 1e6;
/** Minimum distance of a side that the box loss sees, so that boxes have an area. */
const MIN_DISTANCE = 1e-4;

/** The P positives of a batch. */
interface Positives {
  rows: Int32Array;
  labels: Int32Array;
  /** Index among all ground-truth boxes of the batch. */
  truths: Int32Array;
  levels: Int32Array;
}

export class FSAFHead extends RetinaHead<FSAFHeadConfig> {
  constructor(config: FSAFHeadConfig, context: BuildContext) {
    super(config, context);
    const counts = [this.lossCls, this.lossBbox].some((loss) => loss instanceof Module);
    if (!this.lossCls.useSigmoid || counts)
      throw new DetLabError(
        `Cannot build FSAFHead at ${context.path}: expected losses that keep each anchor and class apart, such as ` +
          "loss_cls: { type: 'FocalLoss', use_sigmoid: true, reduction: 'none' }, received " +
          `${JSON.stringify(counts ? [config.loss_cls, config.loss_bbox] : config.loss_cls)}`,
      );
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
    const { scores, deltas } = super.forwardSingle(x);
    return { scores, deltas: tf.relu(deltas) };
  }

  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets, context: LossContext): Losses {
    const deltas = atLeast(outputs.flat('deltas'), MIN_DISTANCE) as tf.Tensor3D;
    const { sizes } = outputs;
    const { images, boxes } = targets;
    const positives = this.positivesOf(targets, sizes);
    const count = positives.rows.length;

    const rows = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.numClasses]);
    const { labels, weights } = this.classTargets(targets);
    const cls = this.lossCls.forward(rows, labels, { weight: weights, reduction: 'none' }); // [N * T, C]
    const averaged = (loss: tf.Tensor, by: tf.Scalar | number) => tf.div<tf.Scalar>(loss, by);
    const negatives = images.reduce((sum, t) => sum + t.negative.length, 0);
    // what divides the losses: the positives of all processes, or the negatives where there are none
    const divisor = (selected: tf.Scalar) => {
      const [all, none] = [tensorOverRanks(selected), sumOverRanks(negatives)];
      const counted = tf.add<tf.Scalar>(all, tf.mul(tf.relu(tf.sub(1, all)), none));
      return tf.div<tf.Scalar>(counted, stepGroup()?.size ?? 1);
    };
    if (count === 0) {
      const zero = tf.scalar(0);
      return {
        loss_cls: averaged(tf.sum(cls), divisor(zero)),
        loss_bbox: zeroLoss(this),
        num_pos: zero,
        pos_recall: zero,
      };
    }
    const at = tf.tensor1d(positives.rows, 'int32');
    const positiveLabels = tf.tensor1d(positives.labels, 'int32');
    const predicted = this.predictedBoxes({ deltas, sizes }, positives.rows);
    const box = this.lossBbox.forward(predicted, tf.tensor2d(boxes, [count, 4]), { reduction: 'none' });
    const boxLoss = (box.rank === 2 ? tf.sum(box, 1) : box) as tf.Tensor1D; // [P]
    const classes = tf.gather(cls, at); // [P, C]
    const selected = this.onBestLevel(tf.add(tf.sum(classes, 1), boxLoss), positives, images, sizes.length);
    if (context.watch) this.reportKept(context.watch, selected, images);

    // an anchor on another level is still a negative of the other classes
    const leftOut = tf.mul(tf.sum(tf.mul(classes, classRows(positiveLabels, this.numClasses)), 1), tf.sub(1, selected));
    const positive = tf.sum<tf.Scalar>(selected);
    // where no level is good enough for any object, the negatives are counted; `positive` is a whole number
    const counted = divisor(positive);
    const scores = tf.sigmoid(tf.gather(rows, at));
    return {
      loss_cls: averaged(tf.sub(tf.sum(cls), tf.sum(leftOut)), counted),
      loss_bbox: averaged(tf.sum(tf.mul(boxLoss, selected)), counted),
      num_pos: averaged(positive, images.length),
      pos_recall: accuracy(stopGradient(scores), positiveLabels, {
        threshold: this.config.score_threshold,
        counted: selected,
      }),
    };
  }

  /** 1 for the positives on the level where their object's mean loss is minimal, 0 for the others; [P], without gradient. */
  private onBestLevel(
    losses: tf.Tensor,
    { truths, levels }: Positives,
    images: readonly ImageTargets[],
    numLevels: number,
  ): tf.Tensor1D {
    const objects = images.reduce((sum, t) => sum + t.numTruths, 0);
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
        anchors.map((n) => (n ? 0 : NO_POSITIVES_LOSS)),
      );
      const best = tf.argMin(means.reshape([objects, numLevels]), 1);
      return tf
        .equal(tf.gather(best, tf.tensor1d(truths, 'int32')), tf.tensor1d(levels, 'int32'))
        .cast<tf.Tensor1D>('float32');
    });
  }

  /** The anchors on the levels that were selected. */
  private reportKept(watch: AssignmentWatch, selected: tf.Tensor1D, images: readonly ImageTargets[]): void {
    const kept = selected.dataSync();
    let at = 0;
    for (const [image, { positive }] of images.entries()) {
      watch.kept(this.name, image, new Set(positive.filter(() => kept[at++] === 1)));
    }
  }

  private positivesOf({ positives: rows, labels, images }: BatchTargets, sizes: Size[]): Positives {
    const level = this.priorCache.levels(sizes); // [T]
    let before = 0;
    const truths = images.flatMap((image) => {
      const first = before;
      before += image.numTruths;
      return Array.from(image.truths, (g) => first + g);
    });
    return {
      rows,
      labels: rows.map((row) => labels[row]),
      truths: Int32Array.from(truths),
      levels: rows.map((row) => level[row % level.length]),
    };
  }

  /** Labels [N * T] and weights [N * T, C]: 0 for anchors that are not sampled, and for their ignored labels. */
  private classTargets({ labels, labelWeights, images }: BatchTargets): { labels: tf.Tensor1D; weights: tf.Tensor2D } {
    const classes = this.numClasses;
    const total = labels.length / images.length;
    const weights = new Float32Array(labels.length * classes);
    for (const [row, weight] of labelWeights.entries()) weights.fill(weight, row * classes, (row + 1) * classes);
    for (const [i, { ignoredLabels = [] }] of images.entries())
      for (let k = 0; k < ignoredLabels.length; k += 2)
        weights[(i * total + ignoredLabels[k]) * classes + ignoredLabels[k + 1]] = 0;
    return { labels: tf.tensor1d(labels, 'int32'), weights: tf.tensor2d(weights, [labels.length, classes]) };
  }
}

export const fsafHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'FSAFHead',
  summary: 'Anchor-free branch of RetinaNet with online feature-level selection per object',
  paper: 'Zhu et al., Feature Selective Anchor-Free Module, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'FSAFHead', num_classes: 80, reg_decoded_bbox: true, anchor_generator: { type: 'AnchorGenerator', octave_base_scale: 1, scales_per_octave: 1, ratios: [1] }, bbox_coder: { type: 'TBLRBBoxCoder' }, loss_cls: { type: 'FocalLoss', reduction: 'none' }, loss_bbox: { type: 'IoULoss', reduction: 'none' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('FSAFHead', given, context),
  build: (given, context) => new FSAFHead(given as FSAFHeadConfig, context),
});
