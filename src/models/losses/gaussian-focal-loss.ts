// GaussianFocalLoss: focal loss of a heatmap whose targets are Gaussians around the keypoints (Law and Deng, CornerNet,
// ECCV 2018).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type Loss, type LossCall, lossWeightOption, reductionOption } from './loss';
import { power } from './power';
import { weightReduceLoss } from './weight-reduce-loss';

const options = z.strictObject({
  alpha: z.number().default(2).describe('Focusing parameter: down-weights easy positions'),
  gamma: z.number().default(4).describe('Exponent beta: reduces the negative loss near object centers'),
  reduction: reductionOption,
  loss_weight: lossWeightOption,
  pos_weight: z.number().default(1).describe('Weight of object centers'),
  neg_weight: z.number().default(1).describe('Weight of all other positions'),
});

/** Which predictions are centers, where the heat map does not say it: rows [M] and classes [M], int32. */
export interface Centers {
  indices: tf.Tensor1D;
  labels: tf.Tensor1D;
}

const log = (x: tf.Tensor) => tf.log(tf.add(x, 1e-12));

export type GaussianFocalLossOptions = z.output<typeof options>;

export class GaussianFocalLoss implements Loss {
  constructor(private readonly options: GaussianFocalLossOptions) {}

  /** Probabilities and heat map of one shape; centers are where the map is 1, or the `centers` of predictions [N, C]. */
  forward(prediction: tf.Tensor, target: tf.Tensor, call: LossCall & { centers?: Centers } = {}): tf.Tensor {
    const { alpha, gamma, loss_weight, pos_weight, neg_weight } = this.options;
    const { centers, ...rest } = { reduction: this.options.reduction, ...call };
    const missing = (p: tf.Tensor) => tf.neg(tf.mul(log(p), power(tf.sub(1, p), alpha)));
    const excess = tf.mul(missing(tf.sub(1, prediction)), power(tf.sub(1, target), gamma));
    let loss: tf.Tensor;
    if (centers) {
      const places = tf.stack([centers.indices, centers.labels], -1);
      const found = tf.gatherND(prediction, places).expandDims(-1);
      const reduce = (x: tf.Tensor) => weightReduceLoss(x, { ...rest, weight: undefined });
      loss = tf.add(tf.mul(reduce(missing(found)), pos_weight), tf.mul(reduce(excess), neg_weight));
    } else {
      const positive = tf.mul(missing(prediction), tf.equal(target, 1).cast('float32'));
      loss = weightReduceLoss(tf.add(tf.mul(positive, pos_weight), tf.mul(excess, neg_weight)), rest);
    }
    return tf.mul(loss, loss_weight);
  }
}

export const gaussianFocalLossDefinition = defineModule({
  kind: 'loss',
  type: 'GaussianFocalLoss',
  summary: 'Focal loss of a heatmap with Gaussian targets',
  paper: 'Law and Deng, CornerNet, ECCV 2018',
  shapes: 'probabilities and heat map of one shape -> scalar',
  example: "{ type: 'GaussianFocalLoss', alpha: 2, gamma: 4 }",
  options,
  build: (given) => new GaussianFocalLoss(given),
});
