// CrossEntropyLoss: over softmax, over independent sigmoids, or over the mask of each RoI's own class.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { oneHot } from '../../ops/one-hot';
import { checkLabels } from './check-labels';
import { type ClassificationLoss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export interface CrossEntropyLossOptions {
  use_sigmoid: boolean;
  use_mask: boolean;
  reduction: Reduction;
  /** By class; with use_sigmoid and use_mask also one number for all. */
  class_weight?: number | number[] | null;
  ignore_index?: number | null;
  loss_weight: number;
  avg_non_ignore: boolean;
}

export class CrossEntropyLoss implements ClassificationLoss {
  constructor(private readonly options: CrossEntropyLossOptions) {}

  get useSigmoid(): boolean {
    return this.options.use_sigmoid;
  }

  /**
   * Softmax: logits [N, C], labels [N] int32. Sigmoid: logits [N, C] with labels [N] (the label C is background: all
   * zeros) or with targets of the same shape in 0..1. Mask: see `forwardMask`.
   */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const full = { reduction: this.options.reduction, ...call };
    if (this.options.use_mask)
      throw new DetLabError(
        'Cannot call forward of a CrossEntropyLoss with use_mask: call forwardMask(logits, masks, labels)',
      );
    const loss = this.options.use_sigmoid
      ? this.sigmoid(prediction as tf.Tensor2D, target, full)
      : this.softmax(prediction as tf.Tensor2D, target as tf.Tensor1D, full);
    return tf.mul(loss, this.options.loss_weight);
  }

  /**
   * Mean over RoIs and pixels. Logits [N, H, W, C], masks [N, H, W] in 0..1, labels [N] int32. A class_weight is a factor on
   * all pixels here, as in the reference.
   */
  forwardMask(logits: tf.Tensor4D, masks: tf.Tensor3D, labels: tf.Tensor1D): tf.Scalar {
    const [n, , , channels] = logits.shape;
    checkLabels(labels, { loss: 'CrossEntropyLoss with use_mask', classes: channels, background: false });
    const selected = oneHot(labels, channels).reshape([n, 1, 1, channels]);
    const loss = binaryCrossEntropy(tf.sum(tf.mul(logits, selected), -1), masks);
    const { class_weight: factor, loss_weight } = this.options;
    return tf.mul(weightReduceLoss(loss, {}), typeof factor === 'number' ? factor * loss_weight : loss_weight);
  }

  private get ignoreIndex(): number {
    return this.options.ignore_index ?? -100;
  }

  private softmax(logits: tf.Tensor2D, labels: tf.Tensor1D, call: LossCall): tf.Tensor {
    const { class_weight, avg_non_ignore } = this.options;
    const classes = logits.shape[1];
    checkLabels(labels, { loss: 'CrossEntropyLoss', classes, background: false, ignored: this.ignoreIndex });
    const valid = tf.notEqual(labels, this.ignoreIndex).cast('float32');
    let truth = oneHot(labels, classes);
    if (class_weight) truth = tf.mul(truth, weights(class_weight));
    const loss = tf.mul(tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), truth), -1)), valid);
    return weightReduceLoss(loss, { ...call, avgFactor: this.average(call, avg_non_ignore, valid) });
  }

  private sigmoid(logits: tf.Tensor2D, target: tf.Tensor, call: LossCall): tf.Tensor {
    const expand = target.rank !== logits.rank;
    let valid = tf.logicalAnd(tf.greaterEqual(target, 0), tf.notEqual(target, this.ignoreIndex)).cast('float32');
    let weight = call.weight;
    let truth = target;
    if (expand) {
      const range = { classes: logits.shape[1], background: true, negatives: true, ignored: this.ignoreIndex };
      checkLabels(target, { loss: 'CrossEntropyLoss', ...range });
      truth = oneHot(target, logits.shape[1]);
      valid = tf.mul(valid.expandDims(-1), tf.onesLike(logits));
      weight = weight?.expandDims(-1);
    }
    const loss = this.binary(logits, truth.cast('float32'));
    return weightReduceLoss(loss, {
      ...call,
      weight: weight ? tf.mul(weight, valid) : valid,
      avgFactor: this.average(call, this.options.avg_non_ignore, valid),
    });
  }

  private average(call: LossCall, nonIgnored: boolean, valid: tf.Tensor): number | tf.Scalar | undefined {
    if (call.avgFactor !== undefined || !nonIgnored || call.reduction !== 'mean') return call.avgFactor;
    return tf.sum<tf.Scalar>(valid);
  }

  /** -w y log s(x) - (1 - y) log(1 - s(x)), with log(1 + e^x) = softplus(x). */
  private binary(logits: tf.Tensor, truth: tf.Tensor): tf.Tensor {
    const { class_weight } = this.options;
    if (class_weight === null || class_weight === undefined) return binaryCrossEntropy(logits, truth);
    const positive = tf.mul(tf.mul(truth, weights(class_weight)), tf.softplus(tf.neg(logits)));
    return tf.add(positive, tf.mul(tf.sub(1, truth), tf.softplus(logits)));
  }
}

const weights = (given: number | number[]) => (typeof given === 'number' ? tf.scalar(given) : tf.tensor1d(given));

const binaryCrossEntropy = (logits: tf.Tensor, truth: tf.Tensor) => tf.sub(tf.softplus(logits), tf.mul(logits, truth));

export const crossEntropyLossDefinition = defineModule({
  kind: 'loss',
  type: 'CrossEntropyLoss',
  summary: 'Cross entropy of class scores: softmax, sigmoid per class, or per-class masks',
  origin: 'PyTorch and MMDetection',
  shapes: 'logits [N, C] and labels [N] (or targets [N, C] with use_sigmoid) -> scalar',
  example: "{ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 }",
  options: z
    .strictObject({
      use_sigmoid: z.boolean().default(false).describe('One sigmoid per class instead of a softmax'),
      use_mask: z
        .boolean()
        .default(false)
        .describe('Mask loss of Mask R-CNN: only the channel of the class of the RoI contributes'),
      reduction: reductionOption,
      class_weight: z
        .union([z.array(z.number()), z.number()])
        .nullish()
        .describe(
          'Weight of each class; with use_sigmoid of its positives, where one number is for all classes. DETR heads take one ' +
            'number, use_mask one as a factor on all pixels',
        ),
      bg_cls_weight: z.number().optional().describe('DETR heads: weight of the background class'),
      ignore_index: z.number().int().nullish().describe('Label that is ignored; -100 by default'),
      loss_weight: lossWeightOption,
      avg_non_ignore: z.boolean().default(false).describe('Average over labels that are not ignored'),
    })
    .refine((o) => !(o.use_sigmoid && o.use_mask), { message: 'use_sigmoid and use_mask exclude each other' })
    .refine((o) => !(o.use_mask && Array.isArray(o.class_weight)), {
      error: 'expected one number as class_weight with use_mask',
      path: ['class_weight'],
    }),
  build: ({ class_weight, bg_cls_weight, ...options }) => {
    const softmax = !options.use_sigmoid && !options.use_mask;
    if ((softmax && typeof class_weight === 'number') || bg_cls_weight !== undefined)
      throw new DetLabError(
        'Cannot build CrossEntropyLoss: bg_cls_weight, and one number as class_weight without use_sigmoid, are for heads of ' +
          'the DETR family. Give class_weight as a list of one number per class',
      );
    return new CrossEntropyLoss({ ...options, class_weight });
  },
});
