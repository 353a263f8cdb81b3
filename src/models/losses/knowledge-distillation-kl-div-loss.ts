// KnowledgeDistillationKLDivLoss: how far the softened distribution of a student is from that of its teacher (Hinton et al.,
// Distilling the Knowledge in a Neural Network, 2015). The mean over the bins, times the square of the temperature.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { stopGradient } from '../../ops/stop-gradient';
import { type Loss, type LossCall, lossWeightOption, type Reduction, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export class KnowledgeDistillationKLDivLoss implements Loss {
  constructor(private readonly options: { reduction: Reduction; loss_weight: number; T: number }) {}

  /** Logits [N, C] of student and teacher. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { reduction, loss_weight, T } = this.options;
    const soft = stopGradient(target, (logits) => tf.softmax(tf.div(logits, T)));
    const sure = stopGradient(target, (logits) => tf.logSoftmax(tf.div(logits, T)));
    const divergence = tf.mul(soft, tf.sub(sure, tf.logSoftmax(tf.div(prediction, T))));
    const loss = tf.mul(tf.mean(divergence, 1), T * T);
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const knowledgeDistillationKLDivLossDefinition = defineModule({
  kind: 'loss',
  type: 'KnowledgeDistillationKLDivLoss',
  summary: 'Divergence of softened distributions of a student from those of its teacher',
  paper: 'Hinton et al., Distilling the Knowledge in a Neural Network, 2015',
  shapes: 'logits [N, C] and [N, C] -> scalar',
  example: "{ type: 'KnowledgeDistillationKLDivLoss', loss_weight: 0.25, T: 10 }",
  options: z.strictObject({
    reduction: reductionOption,
    loss_weight: lossWeightOption,
    T: z.number().min(1).default(10).describe('Temperature: the higher, the more of the unlikely bins counts'),
  }),
  build: (options) => new KnowledgeDistillationKLDivLoss(options),
});
