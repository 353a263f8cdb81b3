// EQLV2Loss: a sigmoid a class and one of the background, positives and negatives of a class weighted so that the gradients it has
// received balance (Tan et al., Equalization Loss v2, CVPR 2021). MMDetection's heads predict with a softmax all the same; here they
// take the sigmoids, which the background's scales down.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { constant, Module, type Parameter } from '../../nn';
import { stopGradient } from '../../ops';
import { tensorOverRanks } from '../../ops/over-ranks';
import { accuracy } from './accuracy';
import { bceWithLogits, classRows } from './binary-cross-entropy';
import { checkLabels, requireClasses } from './check-labels';
import { type LossCall, lossWeightOption, type OwnScoresLoss, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

const options = z.strictObject({
  use_sigmoid: ignoredOption('it has one sigmoid per class in any case', { schema: z.boolean().default(true) }),
  reduction: reductionOption,
  class_weight: z.null().optional().describe('Only null: classes are weighted by their gradients'),
  loss_weight: lossWeightOption,
  num_classes: z.int().positive().default(1203).describe('Foreground classes; 1203 of LVIS v1, 1230 of v0.5'),
  use_distributed: ignoredOption('gradients are counted over all processes in any case', {
    schema: z.boolean().default(false),
    harmless: anyValue,
  }),
  mu: z.number().default(0.8).describe('Ratio of gradients at which negatives weigh one half'),
  alpha: z.number().default(4).describe('Additional weight of the positives of a class without gradients, at most'),
  gamma: z.number().default(12).describe('Steepness of the weights'),
  vis_grad: ignoredOption('gradients are not drawn', { schema: z.boolean().default(false) }),
  test_with_obj: z.boolean().default(true).describe('Scale scores by the probability that it is no background'),
});
type Options = z.output<typeof options>;

/** Ratio of the gradients before there are any: all weights are 1. */
const START = 100;

export class EQLV2Loss extends Module implements OwnScoresLoss {
  readonly useSigmoid = true;
  private readonly gradients: Record<'positive' | 'negative' | 'ratio', Parameter>;

  constructor(private readonly options: Options) {
    super();
    const buffer = (name: string, value: number) => this.addBuffer(name, [options.num_classes], constant(value));
    const [positive, negative] = [buffer('pos_grad', 0), buffer('neg_grad', 0)];
    this.gradients = { positive, negative, ratio: buffer('pos_neg', START) };
  }

  /** The classes and the background. */
  scoreChannels(classes: number): number {
    return requireClasses('EQLV2Loss', this.options.num_classes, classes) + 1;
  }

  /** Logits [N, C + 1], labels [N]. Also counts the gradients. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { num_classes: classes, reduction, loss_weight, alpha, gamma, mu } = this.options;
    checkLabels(target, { loss: 'EQLV2Loss', classes, background: true });
    const truth = classRows(target, classes + 1);
    const mapped = tf.sigmoid(tf.mul(tf.sub(this.gradients.ratio.variable, mu), gamma));
    const negative = tf.concat([mapped, tf.ones([1])]);
    const positive = tf.add(1, tf.mul(tf.sub(1, negative), alpha));
    const weight = tf.add(tf.mul(truth, positive), tf.mul(tf.sub(1, truth), negative));
    const loss = tf.sum(tf.mul(bceWithLogits(prediction, truth), weight), 1);
    this.count(stopGradient(prediction), truth, weight);
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }

  private count(logits: tf.Tensor, truth: tf.Tensor, weight: tf.Tensor): void {
    const { num_classes: classes } = this.options;
    const gradient = tf.mul(tf.abs(tf.sub(tf.sigmoid(logits), truth)), weight);
    const { positive, negative, ratio } = this.gradients;
    const ofClasses = (x: tf.Tensor) => tensorOverRanks(tf.sum(x, 0).slice([0], [classes]));
    const [pos, neg] = [tf.mul(gradient, truth), tf.mul(gradient, tf.sub(1, truth))].map(ofClasses);
    positive.variable.assign(tf.add(positive.variable, pos));
    negative.variable.assign(tf.add(negative.variable, neg));
    ratio.variable.assign(tf.div(positive.variable, tf.add(negative.variable, 1e-10)));
  }

  /** Probabilities [N, C + 1]. */
  activate(scores: tf.Tensor2D): tf.Tensor2D {
    const [classes, background] = tf.split(tf.sigmoid(scores), [this.options.num_classes, 1], 1);
    const scaled = this.options.test_with_obj ? tf.mul(classes, tf.sub(1, background)) : classes;
    return tf.concat([scaled, background], 1) as tf.Tensor2D;
  }

  accuracies(scores: tf.Tensor2D, labels: tf.Tensor1D): Record<string, tf.Scalar> {
    return { acc: accuracy(scores, labels) };
  }
}

export const eqlv2LossDefinition = defineModule({
  kind: 'loss',
  type: 'EQLV2Loss',
  summary: 'Sigmoid cross entropy for long-tailed class distributions, classes weighted by the gradients they received',
  paper:
    'Tan et al., Equalization Loss v2: A New Gradient Balance Approach for Long-tailed Object Detection, CVPR 2021',
  shapes: 'logits [N, C + 1] and labels [N] -> scalar',
  example: "{ type: 'EQLV2Loss', num_classes: 1203 }",
  options,
  build: (given) => new EQLV2Loss(given),
});
