// BalancedL1Loss: smooth L1 with a larger gradient for accurate boxes (inliers) (Pang et al., Libra R-CNN, CVPR 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

const options = z.strictObject({
  alpha: z
    .number()
    .positive()
    .default(0.5)
    .describe('Smaller values give accurate boxes (small differences) a larger gradient'),
  gamma: z.number().positive().default(1.5).describe('Upper bound of the gradient'),
  beta: z.number().positive().default(1).describe('The loss is linear above this difference'),
  reduction: reductionOption,
  loss_weight: lossWeightOption,
});

export type BalancedL1LossOptions = z.output<typeof options>;

export class BalancedL1Loss implements Loss {
  constructor(private readonly options: BalancedL1LossOptions) {}

  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { alpha, gamma, beta, reduction, loss_weight } = this.options;
    const difference = tf.abs(tf.sub(prediction, target));
    const b = Math.exp(gamma / alpha) - 1;
    const scaled = tf.mul(difference, b);
    const near = tf.sub(
      tf.mul(tf.mul(tf.add(scaled, 1), tf.log(tf.add(tf.div(scaled, beta), 1))), alpha / b),
      tf.mul(difference, alpha),
    );
    const far = tf.add(tf.mul(difference, gamma), gamma / b - alpha * beta);
    const loss = tf.where(tf.less(difference, beta), near, far);
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const balancedL1LossDefinition = defineModule({
  kind: 'loss',
  type: 'BalancedL1Loss',
  summary: 'Smooth L1 loss with a larger gradient for accurate boxes',
  paper: 'Pang et al., Libra R-CNN, CVPR 2019',
  shapes: 'prediction and target of one shape -> scalar',
  example: "{ type: 'BalancedL1Loss', alpha: 0.5, gamma: 1.5, beta: 1 }",
  options,
  build: (given) => new BalancedL1Loss(given),
});
