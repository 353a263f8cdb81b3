// FocalLoss: sigmoid cross entropy that down-weights easy examples (Lin et al., ICCV 2017).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { hasKernel, runKernel } from '../../ops';
import { bce, bceWithLogits, classRows, matchWeight } from './binary-cross-entropy';
import { checkLabels } from './check-labels';
import { type ClassificationLoss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { power } from './power';
import { weightReduceLoss } from './weight-reduce-loss';

export interface FocalLossOptions {
  gamma: number;
  alpha: number;
  reduction: Reduction;
  loss_weight: number;
  activated: boolean;
}

export class FocalLoss implements ClassificationLoss {
  readonly useSigmoid = true;

  constructor(private readonly options: FocalLossOptions) {}

  /** Logits [N, C] (probabilities when `activated`); labels [N], where the label C is background, or targets [N, C]. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { reduction, loss_weight, activated } = this.options;
    const labelled = target.rank < prediction.rank;
    if (labelled) checkLabels(target, { loss: 'FocalLoss', classes: prediction.shape[1] as number, background: true });
    const loss =
      labelled && !activated && hasKernel('DetFocalLoss')
        ? this.ofLabels(prediction as tf.Tensor2D, target)
        : this.ofTargets(prediction, labelled ? classRows(target, prediction.shape[1] as number) : target);
    return tf.mul(weightReduceLoss(loss, { reduction, ...call, weight: matchWeight(call.weight, loss) }), loss_weight);
  }

  /** In one pass over the logits [N, C], which may be millions; the engine keeps nothing else for the gradient. */
  private ofLabels(logits: tf.Tensor2D, labels: tf.Tensor): tf.Tensor {
    const { gamma, alpha } = this.options;
    return runKernel<tf.Tensor>('DetFocalLoss', { logits, labels }, { gamma, alpha });
  }

  private ofTargets(prediction: tf.Tensor, target: tf.Tensor): tf.Tensor {
    const { gamma, alpha, activated } = this.options;
    const truth = target.cast('float32');
    const probability = activated ? prediction : tf.sigmoid(prediction);
    // how wrong it is: 1 - p where true, p where not
    const wrong = tf.add(tf.mul(tf.sub(1, probability), truth), tf.mul(probability, tf.sub(1, truth)));
    const balance = tf.add(tf.mul(truth, alpha), tf.mul(tf.sub(1, truth), 1 - alpha));
    const entropy = activated ? bce(prediction, truth) : bceWithLogits(prediction, truth);
    return tf.mul(entropy, tf.mul(balance, power(wrong, gamma)));
  }
}

export const focalLossDefinition = defineModule({
  kind: 'loss',
  type: 'FocalLoss',
  summary: 'Sigmoid cross entropy, -alpha_t (1 - p_t)^gamma log p_t, that down-weights easy examples',
  paper: 'Lin et al., Focal Loss for Dense Object Detection, ICCV 2017',
  shapes: 'logits [N, C] and labels [N] or targets [N, C] -> scalar',
  example: "{ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25 }",
  options: z.strictObject({
    use_sigmoid: z.literal(true).default(true).describe('One sigmoid per class; no other form exists'),
    gamma: z.number().min(0).default(2).describe('Focusing parameter gamma: down-weights easy examples'),
    alpha: z.number().default(0.25).describe('Weight of positives; negatives weigh 1 - alpha'),
    reduction: reductionOption,
    loss_weight: lossWeightOption,
    activated: z.boolean().default(false).describe('Predictions are probabilities, not logits'),
  }),
  build: (options) => new FocalLoss(options),
});
