// Base of the losses that compare boxes (xyxy) pair by pair. A weight may be given per box [n] or per coordinate [n, 4];
// a loss with one value per box averages the four weights.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export interface BoxLossOptions {
  eps: number;
  reduction: Reduction;
  loss_weight: number;
}

export const boxLossOptions = (eps = 1e-6) => ({
  eps: z.number().nonnegative().default(eps).describe('Small constant in divisors and logarithms'),
  reduction: reductionOption,
  loss_weight: lossWeightOption,
});

export abstract class BoxLoss<Options extends BoxLossOptions = BoxLossOptions> implements Loss {
  constructor(protected readonly options: Options) {}

  /** Losses of n pairs of boxes: [n], or [n, 4] where every coordinate has its own. */
  protected abstract pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor;

  /** Boxes [n, 4] and [n, 4] -> scalar, or the losses of the pairs with reduction `none`. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    return this.reduced(this.pairwise(prediction as tf.Tensor2D, target as tf.Tensor2D), call);
  }

  protected reduced(loss: tf.Tensor, call: LossCall): tf.Tensor {
    let { weight } = call;
    if (weight && weight.rank > loss.rank) weight = tf.mean(weight, -1);
    const { reduction, loss_weight } = this.options;
    return tf.mul(weightReduceLoss(loss, { reduction, ...call, weight }), loss_weight);
  }
}
