// VarifocalLoss: positives are weighted by their IoU target, negatives are down-weighted (Zhang et al., CVPR 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { stopGradient } from '../../ops/stop-gradient';
import { bceWithLogits } from './binary-cross-entropy';
import { type ClassificationLoss, type LossCall, lossWeightOption, reductionOption } from './loss';
import { power } from './power';
import { weightReduceLoss } from './weight-reduce-loss';

const options = z.strictObject({
  use_sigmoid: z.literal(true).default(true).describe('One sigmoid per class; no other form exists'),
  alpha: z.number().min(0).default(0.75).describe('Weight of negatives'),
  gamma: z.number().min(0).default(2).describe('Focusing parameter gamma: down-weights easy negatives'),
  iou_weighted: z.boolean().default(true).describe('Weight positives by their IoU target'),
  use_rtdetr: z.boolean().default(false).describe('As in RT-DETR: scores in the weight of negatives are constants'),
  reduction: reductionOption,
  loss_weight: lossWeightOption,
});

export type VarifocalLossOptions = z.output<typeof options>;

export class VarifocalLoss implements ClassificationLoss {
  readonly useSigmoid = true;

  constructor(private readonly options: VarifocalLossOptions) {}

  /** Logits [N, C], targets [N, C] in 0 .. 1. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall = {}): tf.Tensor {
    const { alpha, gamma, iou_weighted, use_rtdetr, reduction, loss_weight } = this.options;
    const positive = tf.greater(target, 0);
    const scores = tf.sigmoid(use_rtdetr ? stopGradient(prediction) : prediction);
    const miss = power(tf.abs(tf.sub(scores, target)), gamma);
    const weight = tf.where(positive, iou_weighted ? target : tf.onesLike(target), tf.mul(miss, alpha));
    const loss = tf.mul(bceWithLogits(prediction, target), weight);
    return tf.mul(weightReduceLoss(loss, { reduction, ...call }), loss_weight);
  }
}

export const varifocalLossDefinition = defineModule({
  kind: 'loss',
  type: 'VarifocalLoss',
  summary: 'Cross entropy with IoU targets that down-weights negatives only',
  paper: 'Zhang et al., VarifocalNet, CVPR 2021',
  shapes: 'logits [N, C] and targets [N, C] -> scalar',
  example: "{ type: 'VarifocalLoss', alpha: 0.75, gamma: 2 }",
  options,
  build: (given) => new VarifocalLoss(given),
});

export const rtdetrVarifocalLossDefinition = defineModule({
  kind: 'loss',
  type: 'RTDETRVarifocalLoss',
  summary: 'VarifocalLoss whose weights of negatives are constants, as RT-DETR has it',
  paper: 'Zhao et al., DETRs Beat YOLOs on Real-time Object Detection, CVPR 2024',
  shapes: 'logits [N, C] and targets [N, C] -> scalar',
  example: "{ type: 'RTDETRVarifocalLoss', alpha: 0.75, gamma: 2 }",
  options: options.omit({ use_rtdetr: true }),
  build: (given) => new VarifocalLoss({ ...given, use_rtdetr: true }),
});
