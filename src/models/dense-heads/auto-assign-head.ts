// AutoAssignHead: FCOS's layers without a rule of assignment. Every point in a box is positive and negative for it, with weights
// that follow from what it predicts and from a learnt prior of each class (Zhu et al., AutoAssign, 2020).
// N images, T points over all levels, C classes, G ground-truth boxes of all images, P pairs of a box and a point in it.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { bboxOverlaps } from '../../geometry/boxes';
import { constant, normal } from '../../nn';
import { meanOverRanks, meanTensorOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { topIndices } from '../../ops/top-indices';
import { denseHeadInferred } from '../inferred-options/infer-dense-head';
import { CenterPrior } from '../layers/center-prior';
import { zeroLoss } from '../losses';
import { atLeast } from '../losses/box-pair';
import { logLikelihood } from '../losses/log-likelihood';
import type { Instances } from '../task-modules';
import type { DetBatch, Losses } from '../types';
import type { DenseOutputs } from './dense-outputs';
import { FCOSHead, type FCOSHeadConfig, type FCOSMaps, fcosOptions, inferFCOSHead } from './fcos-head';

const { conv_bias: _, ...shared } = fcosOptions;
const own = {
  force_topk: z
    .boolean()
    .default(false)
    .describe('Give boxes without a point in them the topk points of the highest prior'),
  topk: z.int().positive().default(9).describe('Number of points with force_topk'),
  pos_loss_weight: z.number().default(0.25).describe('Factor on the loss of positives'),
  neg_loss_weight: z.number().default(0.75).describe('Factor on the loss of negatives'),
  center_loss_weight: z.number().default(0.75).describe('Factor on the loss of the center prior'),
};
const always = (why: string) => ignoredOption(why, { schema: z.boolean().default(true) });
const options = z.strictObject({
  ...shared,
  norm_on_bbox: always('distances are always predicted in strides'),
  centerness_on_reg: always('the objectness is always predicted from the regression tower'),
  ...own,
});
export type AutoAssignHeadConfig = FCOSHeadConfig & Pick<z.output<typeof options>, keyof typeof own>;

const EPS = 1e-12;

/** The points in (or nearest to) the ground-truth boxes of a batch, box by box. */
interface Pairs {
  /** image * T + point of each pair, and the index of its box among those of all images [P]. */
  rows: Int32Array;
  truths: Int32Array;
  /** Class and ground-truth box of each [P], [P, 4]. */
  labels: Int32Array;
  boxes: Float32Array;
  /** From the center of the box, in strides [P, 2]. */
  offsets: Float32Array;
}

/** `deltas` are distances in pixels; `centerness` is the logit of an objectness. */
export class AutoAssignHead extends FCOSHead<AutoAssignHeadConfig> {
  protected readonly centerPrior: CenterPrior;

  constructor(config: AutoAssignHeadConfig, context: BuildContext) {
    super({ ...config, conv_bias: true, norm_on_bbox: false, centerness_on_reg: true }, context, { offset: 0 });
    this.centerPrior = this.addChild('center_prior', new CenterPrior(this.numClasses));
    this.cls.weight.initializer = normal(0.01);
    this.reg.weight.initializer = normal(0.01);
    if (this.cls.bias) this.cls.bias.initializer = constant(-Math.log((1 - 0.02) / 0.02));
    if (this.reg.bias) this.reg.bias.initializer = constant(4); // boxes start with a size
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<FCOSMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    const raw = this.scales.at(level).forward(this.reg.forward(reg)).cast<tf.Tensor4D>('float32');
    const distances = tf.mul<tf.Tensor4D>(atLeast(raw, 0), this.priors.strides[level][0]);
    return { scores: this.cls.forward(cls), deltas: distances, centerness: this.center.forward(reg) };
  }

  protected override trainingLosses(outputs: DenseOutputs<FCOSMaps>, { samples }: DetBatch): Losses {
    const images = samples.map(({ truths, meta }) => this.instances(truths, meta.imgPath));
    const objects = images.map(({ labels }) => labels.length);
    const count = objects.reduce((sum, n) => sum + n, 0);
    const points = this.priorCache.of(outputs.sizes);
    const pairs = this.pairs(images, points);
    const joint = tf.mul(tf.sigmoid(outputs.flat('scores')), tf.sigmoid(outputs.flat('centerness'))); // [N, T, C]
    const flat = joint.reshape<tf.Tensor2D>([-1, this.numClasses]);
    const distances = tf.gather(outputs.flat('deltas').reshape<tf.Tensor2D>([-1, 4]), tf.tensor1d(pairs.rows, 'int32'));
    const decoded = this.coder.decodeTensors(this.priorsOf(pairs.rows, outputs.sizes), distances); // [P, 4]
    const prior = this.centerPrior.forward(pairs.offsets, pairs.labels); // [P]
    const { pos_loss_weight, neg_loss_weight, center_loss_weight } = this.config;
    const negativeFactor = meanTensorOverRanks(tf.sum(stopGradient(prior)), 1);
    const positiveFactor = meanOverRanks(count, 1);
    const negative = tf.mul(flat, this.negativeWeights(pairs, images, decoded, flat.shape));
    const loss_neg = tf.neg(tf.sum(tf.mul(tf.square(negative), logLikelihood(tf.neg(negative), 'log1p'))));
    const zero = count === 0 ? zeroLoss(this) : undefined;
    return {
      loss_pos:
        zero ??
        tf.mul<tf.Scalar>(this.positiveLoss(pairs, count, { flat, decoded, prior }), pos_loss_weight / positiveFactor),
      loss_neg: tf.div<tf.Scalar>(tf.mul(loss_neg, neg_loss_weight), negativeFactor),
      loss_center: zero ?? tf.mul<tf.Scalar>(centerLoss(pairs, objects, prior), center_loss_weight / images.length),
    };
  }

  private pairs(images: readonly Instances[], points: Float32Array): Pairs {
    const total = points.length / 4;
    const [rows, truths, labels, boxes, offsets]: number[][] = [[], [], [], [], []];
    let box = 0;
    for (const [i, { bboxes, labels: classes }] of images.entries())
      for (const [g, label] of classes.entries()) {
        const [x1, y1, x2, y2] = bboxes.subarray(4 * g, 4 * g + 4);
        const offset = (t: number) => [
          (points[4 * t] - (x1 + x2) / 2) / points[4 * t + 2],
          (points[4 * t + 1] - (y1 + y2) / 2) / points[4 * t + 2],
        ];
        let members: ArrayLike<number> = insidePoints(points, [x1, y1, x2, y2]);
        if (members.length === 0 && this.config.force_topk) {
          const all = Float32Array.from(Array.from({ length: total }, (_, t) => offset(t)).flat());
          const prior = this.centerPrior.forward(all, new Int32Array(total).fill(label));
          members = topIndices(stopGradient(prior).dataSync<'float32'>(), Math.min(this.config.topk, total));
        }
        for (const t of Array.from(members)) {
          rows.push(i * total + t);
          truths.push(box);
          labels.push(label);
          boxes.push(x1, y1, x2, y2);
          offsets.push(...offset(t));
        }
        box++;
      }
    return {
      rows: Int32Array.from(rows),
      truths: Int32Array.from(truths),
      labels: Int32Array.from(labels),
      boxes: Float32Array.from(boxes),
      offsets: Float32Array.from(offsets),
    };
  }

  /** -log of the mean confidence of the points of each box, weighted by confidence and prior. */
  private positiveLoss(
    { rows, truths, labels, boxes }: Pairs,
    count: number,
    { flat, decoded, prior }: { flat: tf.Tensor2D; decoded: tf.Tensor2D; prior: tf.Tensor1D },
  ): tf.Scalar {
    const ids = tf.tensor1d(truths, 'int32');
    const sumOf = (values: tf.Tensor) => tf.unsortedSegmentSum(values, ids, count);
    const places = tf.tensor2d(
      Array.from(rows).flatMap((row, k) => [row, labels[k]]),
      [rows.length, 2],
      'int32',
    );
    const misplaced = this.lossBbox.forward(decoded, tf.tensor2d(boxes, [rows.length, 4]), { reduction: 'none' });
    const confidence = tf.mul(tf.gatherND(flat, places), tf.exp(tf.neg(misplaced))); // [P]
    const weight = tf.mul(tf.exp(tf.mul(confidence, 3)), prior);
    const share = tf.div(weight, tf.gather(atLeast(sumOf(weight), EPS), ids));
    return tf.neg<tf.Scalar>(tf.sum<tf.Scalar>(logLikelihood(sumOf(tf.mul(confidence, share)))));
  }

  /** 1 for background; the less, the better a point in a box predicts any box of its image. Without gradient. */
  private negativeWeights(
    { rows, truths, labels }: Pairs,
    images: readonly Instances[],
    decoded: tf.Tensor2D,
    [all, classes]: [number, number],
  ): tf.Tensor2D {
    const weights = new Float32Array(all * classes).fill(1);
    const predicted = rows.length > 0 ? stopGradient(decoded).dataSync<'float32'>() : new Float32Array(0);
    const total = all / images.length;
    for (let start = 0, end = 0; start < rows.length; start = end) {
      while (end < rows.length && truths[end] === truths[start]) end++;
      const { bboxes } = images[Math.floor(rows[start] / total)];
      const overlaps = bboxOverlaps(predicted.slice(4 * start, 4 * end), bboxes);
      const quality = Float32Array.from({ length: end - start }, (_, k) => {
        const row = overlaps.subarray((k * bboxes.length) / 4, ((k + 1) * bboxes.length) / 4);
        return 1 / Math.max(Math.fround(1 - row.reduce((best, v) => Math.max(best, v), 0)), EPS);
      });
      const [min, max] = [quality.reduce((a, b) => Math.min(a, b)), quality.reduce((a, b) => Math.max(a, b))];
      for (const [k, v] of quality.entries())
        weights[rows[start + k] * classes + labels[start + k]] = 1 - (v - min + EPS) / (max - min + EPS);
    }
    return tf.tensor2d(weights, [all, classes]);
  }
}

/** Indices of the points in a box. */
function insidePoints(points: Float32Array, [x1, y1, x2, y2]: number[]): number[] {
  const inside: number[] = [];
  for (let t = 0; t < points.length / 4; t++) {
    const [x, y] = [points[4 * t], points[4 * t + 1]];
    if (x > x1 && y > y1 && x < x2 && y < y2) inside.push(t);
  }
  return inside;
}

/** Keeps the prior from vanishing: objects over the sum of their priors, image by image, where any point is in a box. */
function centerLoss({ truths }: Pairs, objects: readonly number[], prior: tf.Tensor1D): tf.Scalar {
  const imageOf = objects.flatMap((n, i) => Array<number>(n).fill(i));
  const ids = truths.map((g) => imageOf[g]);
  const sums = tf.unsortedSegmentSum(prior, tf.tensor1d(ids, 'int32'), objects.length);
  const present = new Set(ids);
  return tf.sum(
    tf.div(
      objects.map((n, i) => (present.has(i) ? n : 0)),
      atLeast(sums, EPS),
    ),
  );
}

export const autoAssignHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'AutoAssignHead',
  summary: 'Anchor-free head that weighs the points of each object by what they predict, without a rule of assignment',
  paper: 'Zhu et al., AutoAssign: Differentiable Label Assignment for Dense Object Detection, 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'AutoAssignHead', num_classes: 80, strides: [4, 8, 16, 32, 64], loss_bbox: { type: 'GIoULoss', loss_weight: 5 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferFCOSHead('AutoAssignHead', { ...given, conv_bias: true }, context),
  build: (given, context) => new AutoAssignHead({ ...given, conv_bias: true } as AutoAssignHeadConfig, context),
});
