// GHMR: smooth L1 box loss weighted by the inverse density of the gradient norm (Li et al., AAAI 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { GradientDensity } from './gradient-density';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export interface GHMROptions {
  mu: number;
  bins: number;
  momentum: number;
  loss_weight: number;
  reduction: Reduction;
}

export class GHMR extends GradientDensity implements Loss {
  constructor(private readonly options: GHMROptions) {
    super(options.bins, options.momentum, 1e3);
  }

  /** Coded boxes [N, 4] and their targets; the weight says which elements count. */
  forward(prediction: tf.Tensor, target: tf.Tensor, { weight, reduction }: LossCall = {}): tf.Tensor {
    const { mu } = this.options;
    const given = weight ? tf.mul(weight, tf.onesLike(prediction)) : tf.onesLike(prediction);
    const difference = tf.sub(prediction, target);
    const root = tf.sqrt(tf.add(tf.square(difference), mu * mu));
    const { total, avgFactor } = this.totals(tf.sum<tf.Scalar>(given));
    const valid = tf.greater(given, 0).cast('float32');
    const weights = this.weights(tf.abs(tf.div(difference, root)), valid, total);
    const loss = weightReduceLoss(tf.sub(root, mu), {
      weight: weights,
      avgFactor,
      reduction: reduction ?? this.options.reduction,
    });
    return tf.mul(loss, this.options.loss_weight);
  }
}

export const ghmrDefinition = defineModule({
  kind: 'loss',
  type: 'GHMR',
  summary: 'Smooth L1 loss weighted by the inverse gradient density',
  paper: 'Li et al., Gradient Harmonized Single-stage Detector, AAAI 2019',
  shapes: 'prediction and target [N, 4] -> scalar',
  example: "{ type: 'GHMR', mu: 0.02, bins: 10, momentum: 0.7 }",
  options: z.strictObject({
    mu: z.number().positive().default(0.02).describe('The loss is quadratic below this difference'),
    bins: z.number().int().positive().default(10).describe('Number of bins of the gradient norm'),
    momentum: z.number().min(0).max(1).default(0).describe('Momentum of the bin counts; 0 uses each batch alone'),
    loss_weight: lossWeightOption,
    reduction: reductionOption,
  }),
  build: (options) => new GHMR(options),
});
