// SmoothL1Loss: quadratic below `beta`, linear above (Girshick, Fast R-CNN, ICCV 2015).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export class SmoothL1Loss implements Loss {
  /** Difference between the quadratic and the linear part; Dynamic R-CNN changes it. */
  beta: number;

  constructor(private readonly options: { beta: number; reduction: Reduction; loss_weight: number }) {
    this.beta = options.beta;
  }

  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { beta } = this;
    const { reduction, loss_weight } = this.options;
    const difference = tf.abs(tf.sub(prediction, target));
    // c = min(d, beta): c (d - c/2) / beta is d^2 / (2 beta) below beta and d - beta/2 above
    const capped = tf.minimum(difference, beta);
    const loss = tf.div(tf.mul(capped, tf.sub(difference, tf.mul(capped, 0.5))), beta);
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const smoothL1LossDefinition = defineModule({
  kind: 'loss',
  type: 'SmoothL1Loss',
  summary: 'Squared difference below beta, absolute difference above',
  paper: 'Girshick, Fast R-CNN, ICCV 2015',
  shapes: 'prediction and target of one shape -> scalar',
  example: "{ type: 'SmoothL1Loss', beta: 1 / 9 }",
  options: z.strictObject({
    beta: z.number().positive().default(1).describe('Difference between the quadratic and the linear part'),
    reduction: reductionOption,
    loss_weight: lossWeightOption,
  }),
  build: (options) => new SmoothL1Loss(options),
});
