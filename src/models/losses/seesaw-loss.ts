// SeesawLoss: softmax for long-tailed class distributions: rare classes receive less negative gradient from frequent ones,
// and two objectness channels replace the background class (Wang et al., CVPR 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { constant, Module, type Parameter } from '../../nn';
import { stopGradient } from '../../ops';
import { tensorOverRanks } from '../../ops/over-ranks';
import { accuracy, foregroundAccuracy } from './accuracy';
import { classRows } from './binary-cross-entropy';
import { checkLabels, requireClasses } from './check-labels';
import { type LossCall, lossWeightOption, type OwnScoresLoss, reductionOption } from './loss';
import { power } from './power';
import { weightReduceLoss } from './weight-reduce-loss';
import { zeroLoss } from './zero-loss';

const options = z.strictObject({
  use_sigmoid: z.literal(false).default(false).describe('Softmax over the classes; no other form exists'),
  p: z.number().min(0).default(0.8).describe('Mitigation exponent p: reduces the punishment of rare classes'),
  q: z.number().min(0).default(2).describe('Compensation exponent q: punishes misclassified negatives'),
  num_classes: z.number().int().positive().default(1203).describe('Foreground classes'),
  eps: z
    .number()
    .nonnegative()
    .default(1e-2)
    .describe("Lower bound of the true class's score in the compensation ratio"),
  reduction: reductionOption,
  loss_weight: lossWeightOption,
  return_dict: z.boolean().default(true).describe('A head logs both parts by name; else their sum'),
});

export type SeesawLossOptions = z.output<typeof options>;

export class SeesawLoss extends Module implements OwnScoresLoss {
  readonly useSigmoid = false;
  private readonly samples: Parameter;

  constructor(private readonly options: SeesawLossOptions) {
    super();
    this.samples = this.addBuffer('cum_samples', [options.num_classes + 1], constant(0));
  }

  /** The classes, and two of objectness. */
  scoreChannels(classes: number): number {
    return requireClasses('SeesawLoss', this.options.num_classes, classes) + 2;
  }

  get namedLosses(): OwnScoresLoss['namedLosses'] {
    if (!this.options.return_dict) return undefined;
    return (scores, labels, call) => this.parts(scores, labels, call) as Record<string, tf.Scalar>;
  }

  /** Logits [N, C + 2], labels [N] -> sum of both parts. Also counts the labels. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { loss_cls_objectness, loss_cls_classes } = this.parts(prediction, target, call);
    return tf.add(loss_cls_objectness, loss_cls_classes);
  }

  parts(
    prediction: tf.Tensor,
    target: tf.Tensor,
    call: LossCall = {},
  ): { loss_cls_objectness: tf.Tensor; loss_cls_classes: tf.Tensor } {
    const { num_classes: classes, loss_weight } = this.options;
    checkLabels(target, { loss: 'SeesawLoss', classes, background: true });
    const counted = { reduction: this.options.reduction, ...call };
    const { variable } = this.samples;
    // of all ranks: the reference counts each rank's own, and keeps those of rank 0
    variable.assign(tf.add(variable, tensorOverRanks(tf.sum(classRows(target, classes + 1), 0))));
    const [scores, objectness] = tf.split(prediction, [classes, 2], -1);
    const background = tf.equal(target, classes).cast('int32');
    const entropy = tf.neg(tf.sum(tf.mul(tf.logSoftmax(objectness), classRows(background, 2)), -1));
    const classLoss = this.classes(scores, target, counted);
    return {
      loss_cls_objectness: tf.mul(weightReduceLoss(entropy, counted), loss_weight),
      loss_cls_classes: tf.mul(classLoss, loss_weight),
    };
  }

  /** Only positives count: the mean is over them, and so are the losses without reduction. */
  private classes(scores: tf.Tensor, labels: tf.Tensor, call: LossCall): tf.Tensor {
    const { num_classes: classes, p, q, eps } = this.options;
    const values = labels.dataSync<'int32'>();
    const positive = Int32Array.from(values.keys()).filter((i) => values[i] < classes);
    if (positive.length === 0) return zeroLoss(scores);
    const chosen = tf.tensor1d(positive, 'int32');
    const target = tf.gather(labels, chosen);
    const logits = tf.gather(scores, chosen);
    const truth = classRows(target, classes);
    let logWeights: tf.Tensor = tf.zerosLike(logits);
    if (p > 0) {
      const counts = tf.maximum(this.samples.variable.slice([0], [classes]), 1);
      const ratio = tf.div(counts.expandDims(0), tf.gather(counts, target).expandDims(1)); // [n, C]
      logWeights = tf.add(logWeights, tf.mul(tf.log(tf.minimum(ratio, 1)), p));
    }
    if (q > 0) {
      const probability = tf.softmax(stopGradient(logits));
      const self = tf.maximum(tf.sum(tf.mul(probability, truth), -1, true), eps);
      logWeights = tf.add(logWeights, tf.log(power(tf.maximum(tf.div(probability, self), 1), q)));
    }
    const moved = tf.add(logits, tf.mul(logWeights, tf.sub(1, truth)));
    const loss = tf.neg(tf.sum(tf.mul(tf.logSoftmax(moved), truth), -1));
    const weight = call.weight && tf.gather(call.weight, chosen);
    return weightReduceLoss(loss, { ...call, weight });
  }

  /** Logits [N, C + 2] -> probabilities [N, C + 1], the last one the background. */
  activate(prediction: tf.Tensor2D): tf.Tensor2D {
    const [scores, objectness] = tf.split(prediction, [this.options.num_classes, 2], -1);
    const [object, background] = tf.split(tf.softmax(objectness), 2, -1);
    return tf.concat([tf.mul(tf.softmax(scores), object), background], -1) as tf.Tensor2D;
  }

  /** In percent: of object or not over all, and of the class over the positives. */
  accuracies(prediction: tf.Tensor2D, labels: tf.Tensor1D): Record<'acc_objectness' | 'acc_classes', tf.Scalar> {
    const { num_classes: classes } = this.options;
    const [scores, objectness] = tf.split(prediction, [classes, 2], -1);
    return {
      acc_objectness: accuracy(objectness as tf.Tensor2D, tf.equal(labels, classes).cast('int32')),
      acc_classes: foregroundAccuracy(scores as tf.Tensor2D, labels, classes),
    };
  }
}

export const seesawLossDefinition = defineModule({
  kind: 'loss',
  type: 'SeesawLoss',
  summary: 'Softmax cross entropy for long-tailed class distributions, with objectness channels',
  paper: 'Wang et al., Seesaw Loss for Long-Tailed Instance Segmentation, CVPR 2021',
  shapes: 'logits [N, C + 2] and labels [N] -> scalar',
  example: "{ type: 'SeesawLoss', p: 0.8, q: 2, num_classes: 1203 }",
  options,
  build: (given) => new SeesawLoss(given),
});
