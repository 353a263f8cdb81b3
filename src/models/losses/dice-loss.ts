// DiceLoss: one minus the Dice coefficient of two masks (Milletari et al., V-Net, 3DV 2016).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

const options = z
  .strictObject({
    use_sigmoid: z.boolean().default(true).describe('Apply a sigmoid to the predictions; no other form exists'),
    activate: z.boolean().default(true).describe('Predictions are logits; false: probabilities'),
    reduction: reductionOption,
    naive_dice: z.boolean().default(false).describe('Sums in the denominator instead of sums of squares'),
    loss_weight: lossWeightOption,
    eps: z.number().default(1e-3).describe('Small constant in the denominator'),
  })
  .refine((o) => o.use_sigmoid || !o.activate, {
    message: 'use_sigmoid false goes only with activate false: softmax is not defined for this loss',
  });

export type DiceLossOptions = z.output<typeof options>;

export class DiceLoss implements Loss {
  constructor(private readonly options: DiceLossOptions) {}

  /** Logits and masks of one shape [n, ...]; weights [n]. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { activate, naive_dice, eps, reduction, loss_weight } = this.options;
    const flat = (x: tf.Tensor) => x.reshape([x.shape[0], tf.util.sizeFromShape(x.shape.slice(1))]).cast('float32');
    const [p, t] = [flat(activate ? tf.sigmoid(prediction) : prediction), flat(target)];
    const overlap = tf.mul(tf.sum(tf.mul(p, t), 1), 2);
    const both = naive_dice
      ? tf.add(tf.sum(p, 1), tf.sum(t, 1))
      : tf.add(tf.sum(tf.square(p), 1), tf.sum(tf.square(t), 1));
    const dice = naive_dice ? tf.div(tf.add(overlap, eps), tf.add(both, eps)) : tf.div(overlap, tf.add(both, 2 * eps));
    return tf.mul(weightReduceLoss(tf.sub(1, dice), { reduction, ...call }), loss_weight);
  }
}

export const diceLossDefinition = defineModule({
  kind: 'loss',
  type: 'DiceLoss',
  summary: 'One minus the Dice coefficient of predicted and target mask',
  paper: 'Milletari et al., V-Net, 3DV 2016',
  shapes: 'logits [n, ...] and masks of the same shape -> scalar',
  example: "{ type: 'DiceLoss', use_sigmoid: true, activate: true }",
  options,
  build: (given) => new DiceLoss(given),
});
