// QualityFocalLoss: classification targets are the quality (IoU) of the box (Li et al., Generalized Focal Loss, NeurIPS 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { bce, bceWithLogits, classRows } from './binary-cross-entropy';
import { checkLabels } from './check-labels';
import { type LossCall, lossWeightOption, type QualityLoss, type Reduction, reductionOption } from './loss';
import { power } from './power';
import { weightReduceLoss } from './weight-reduce-loss';

export interface QualityFocalLossOptions {
  beta: number;
  reduction: Reduction;
  loss_weight: number;
  activated: boolean;
}

export class QualityFocalLoss implements QualityLoss {
  readonly useSigmoid = true;
  readonly qualityTargets = true;

  constructor(private readonly options: QualityFocalLossOptions) {}

  /**
   * Logits [N, C] (probabilities when `activated`). Target: labels [N] (the label C is background) with the quality of
   * each [N], or soft targets [N, C]. One loss a row.
   */
  forward(prediction: tf.Tensor, target: tf.Tensor | [tf.Tensor, tf.Tensor], call: LossCall = {}): tf.Tensor {
    const { beta, reduction, loss_weight, activated } = this.options;
    const classes = prediction.shape[1] as number;
    if (Array.isArray(target)) checkLabels(target[0], { loss: 'QualityFocalLoss', classes, background: true });
    const truth = Array.isArray(target) ? tf.mul(classRows(target[0], classes), target[1].expandDims(-1)) : target;
    const probability = activated ? prediction : tf.sigmoid(prediction);
    const entropy = activated ? bce(prediction, truth) : bceWithLogits(prediction, truth);
    const loss = tf.sum(tf.mul(entropy, power(tf.abs(tf.sub(truth, probability)), beta)), 1);
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const qualityFocalLossDefinition = defineModule({
  kind: 'loss',
  type: 'QualityFocalLoss',
  summary: 'Focal loss whose positive targets are the IoU of the predicted box instead of 1',
  paper: 'Li et al., Generalized Focal Loss, NeurIPS 2020',
  shapes: 'logits [N, C], and labels [N] with qualities [N] or targets [N, C] -> scalar',
  example: "{ type: 'QualityFocalLoss', use_sigmoid: true, beta: 2 }",
  options: z.strictObject({
    use_sigmoid: z.literal(true).default(true).describe('One sigmoid per class; no other form exists'),
    beta: z
      .number()
      .min(0)
      .default(2)
      .describe('Focusing parameter beta: down-weights predictions close to their target'),
    reduction: reductionOption,
    loss_weight: lossWeightOption,
    activated: z.boolean().default(false).describe('Predictions are probabilities, not logits'),
  }),
  build: (options) => new QualityFocalLoss(options),
});
