// DistributionFocalLoss: a distance as a distribution over integers; the two nearest to the target should share the
// probability (Li et al., Generalized Focal Loss, NeurIPS 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export class DistributionFocalLoss implements Loss {
  constructor(private readonly options: { reduction: Reduction; loss_weight: number }) {}

  /** Logits [N, n + 1] over 0 .. n, distances [N] in [0, n). */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { reduction, loss_weight } = this.options;
    const values = tf.range(0, prediction.shape[1] as number, 1, 'float32');
    // 1 - |k - y| is what is left of the way to the next whole number: the weights of both neighbours at once
    const share = tf.relu(tf.sub(1, tf.abs(tf.sub(values, target.expandDims(-1)))));
    const loss = tf.neg(tf.sum(tf.mul(tf.logSoftmax(prediction), share), -1));
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const distributionFocalLossDefinition = defineModule({
  kind: 'loss',
  type: 'DistributionFocalLoss',
  summary: 'Cross entropy of a discretised distance distribution on the two bins next to the target',
  paper: 'Li et al., Generalized Focal Loss, NeurIPS 2020',
  shapes: 'logits [N, n + 1] and distances [N] -> scalar',
  example: "{ type: 'DistributionFocalLoss', loss_weight: 0.25 }",
  options: z.strictObject({ reduction: reductionOption, loss_weight: lossWeightOption }),
  build: (options) => new DistributionFocalLoss(options),
});
