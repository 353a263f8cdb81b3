// MSELoss: the squared difference.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export class MSELoss implements Loss {
  constructor(private readonly options: { reduction: Reduction; loss_weight: number }) {}

  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { reduction, loss_weight } = this.options;
    return tf.mul(weightReduceLoss(tf.square(tf.sub(prediction, target)), { reduction, ...call }), loss_weight);
  }
}

export const mseLossDefinition = defineModule({
  kind: 'loss',
  type: 'MSELoss',
  summary: 'Squared difference of prediction and target',
  origin: 'PyTorch and MMDetection',
  shapes: 'prediction and target of one shape -> scalar',
  example: "{ type: 'MSELoss' }",
  options: z.strictObject({ reduction: reductionOption, loss_weight: lossWeightOption }),
  build: (options) => new MSELoss(options),
});
