// L1Loss: the absolute difference.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export class L1Loss implements Loss {
  constructor(private readonly options: { reduction: Reduction; loss_weight: number }) {}

  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { reduction, loss_weight } = this.options;
    const loss = tf.abs(tf.sub(prediction, target));
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const l1LossDefinition = defineModule({
  kind: 'loss',
  type: 'L1Loss',
  summary: 'Absolute difference between prediction and target',
  origin: 'PyTorch and MMDetection',
  shapes: 'prediction and target of one shape -> scalar',
  example: "{ type: 'L1Loss', loss_weight: 1 }",
  options: z.strictObject({ reduction: reductionOption, loss_weight: lossWeightOption }),
  build: (options) => new L1Loss(options),
});
