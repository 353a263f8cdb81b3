// GHMC: sigmoid cross entropy weighted by the inverse density of the gradient norm (Li et al., AAAI 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { bceWithLogits, classRows } from './binary-cross-entropy';
import { checkLabels } from './check-labels';
import { GradientDensity } from './gradient-density';
import { type ClassificationLoss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export interface GHMCOptions {
  bins: number;
  momentum: number;
  loss_weight: number;
  reduction: Reduction;
}

export class GHMC extends GradientDensity implements ClassificationLoss {
  readonly useSigmoid = true;

  constructor(private readonly options: GHMCOptions) {
    super(options.bins, options.momentum, 1 + 1e-6);
  }

  /** Logits [N, C]; labels [N] or targets [N, C] of 0 and 1; the weight says only which elements count. */
  forward(prediction: tf.Tensor, target: tf.Tensor, { weight, reduction }: LossCall = {}): tf.Tensor {
    const expand = target.rank !== prediction.rank;
    const classes = prediction.shape[1] as number;
    if (expand) checkLabels(target, { loss: 'GHMC', classes, background: true, negatives: true });
    const truth = expand ? classRows(target, classes) : target.cast('float32');
    const given = expand ? weight?.expandDims(-1) : weight;
    const valid = given
      ? tf.mul(tf.greater(given, 0).cast('float32'), tf.onesLike(prediction))
      : tf.onesLike(prediction);
    const { total, avgFactor } = this.totals(tf.sum<tf.Scalar>(valid));
    const weights = this.weights(tf.abs(tf.sub(tf.sigmoid(prediction), truth)), valid, total);
    const loss = weightReduceLoss(bceWithLogits(prediction, truth), {
      weight: weights,
      avgFactor,
      reduction: reduction ?? this.options.reduction,
    });
    return tf.mul(loss, this.options.loss_weight);
  }
}

export const ghmcDefinition = defineModule({
  kind: 'loss',
  type: 'GHMC',
  summary: 'Sigmoid cross entropy weighted by the inverse gradient density',
  paper: 'Li et al., Gradient Harmonized Single-stage Detector, AAAI 2019',
  shapes: 'logits [N, C] and labels [N] or targets [N, C] -> scalar',
  example: "{ type: 'GHMC', bins: 30, momentum: 0.75 }",
  options: z.strictObject({
    bins: z.number().int().positive().default(10).describe('Number of bins of the gradient norm'),
    momentum: z.number().min(0).max(1).default(0).describe('Momentum of the bin counts; 0 uses each batch alone'),
    use_sigmoid: z.literal(true).default(true).describe('One sigmoid per class; no other form exists'),
    loss_weight: lossWeightOption,
    reduction: reductionOption,
  }),
  build: (options) => new GHMC(options),
});
