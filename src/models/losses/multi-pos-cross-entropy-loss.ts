// MultiPosCrossEntropyLoss: cross entropy of rows with several right columns (Pang et al., QDTrack, CVPR 2021):
// log(1 + sum over right p and wrong n of exp(x_n - x_p)). The sum of products is a product of sums here.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

/** Stands for minus infinity, so that gradients are numbers. */
const NEVER = -1e30;

export class MultiPosCrossEntropyLoss implements Loss {
  constructor(private readonly options: { reduction: Reduction; loss_weight: number }) {}

  /** Scores and targets [N, M], 1 where a column is right; weights [N]. A row without a right or a wrong one gives 0. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { reduction, loss_weight } = this.options;
    const isRight = tf.greaterEqual(target, 1);
    const isWrong = tf.equal(target, 0);
    const [, columns] = prediction.shape;
    const among = (holds: tf.Tensor, scores: tf.Tensor) =>
      tf.logSumExp(tf.where(holds, scores, tf.fill(scores.shape, NEVER)), 1);
    const loss =
      columns === 0
        ? tf.sum(prediction, 1)
        : tf.softplus(tf.add(among(isWrong, prediction), among(isRight, tf.neg(prediction))));
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const multiPosCrossEntropyLossDefinition = defineModule({
  kind: 'loss',
  type: 'MultiPosCrossEntropyLoss',
  summary: 'Cross entropy of rows of scores with several right columns',
  paper: 'Pang et al., Quasi-Dense Similarity Learning for Multiple Object Tracking, CVPR 2021',
  shapes: 'scores [N, M] and targets [N, M] of 0 and 1 -> scalar',
  example: "{ type: 'MultiPosCrossEntropyLoss', loss_weight: 0.25 }",
  options: z.strictObject({ reduction: reductionOption, loss_weight: lossWeightOption }),
  build: (options) => new MultiPosCrossEntropyLoss(options),
});
