// TripletLoss: an embedding is to be nearer to the farthest one of its own identity in the batch than to the nearest one of another, by a
// margin (Hermans et al., In Defense of the Triplet Loss for Person Re-Identification, arXiv 2017).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { stopGradient } from '../../ops';
import { type Loss, lossWeightOption } from './loss';

const options = z.strictObject({
  margin: z.number().default(0.3).describe('How much nearer'),
  loss_weight: lossWeightOption,
  hard_mining: z.literal(true).default(true).describe('Only true, as in the reference'),
});

/** Distances of a batch to itself are not exactly 0; a square root has no slope there. */
const LEAST_SQUARE = 1e-12;
/** More than any distance. */
const FAR = 1e30;

type Options = z.output<typeof options>;

export class TripletLoss implements Loss {
  constructor(private readonly options: Options) {}

  /** Embeddings [N, C] and identities [N] int32 -> scalar. */
  forward(embeddings: tf.Tensor, identities: tf.Tensor): tf.Scalar {
    const { margin, loss_weight } = this.options;
    const found = identities.dataSync();
    if (found.every((identity) => identity === found[0]))
      throw new DetLabError(
        `Cannot compare embeddings: expected images of two identities or more in a batch, received ${found.length} of one. Set ` +
          'triplet_sampler of the ReIDDataset, or a larger batch',
      );
    const squares = tf.sum(tf.square(embeddings), 1, true);
    const products = tf.matMul(embeddings as tf.Tensor2D, embeddings as tf.Tensor2D, false, true);
    const squared = tf.sub(tf.add(squares, tf.transpose(squares)), tf.mul(2, products));
    const distances = tf.sqrt(tf.maximum(squared, LEAST_SQUARE)); // [N, N]
    const same = tf.equal(identities.expandDims(0), identities.expandDims(1));
    const farthest = selected(
      distances,
      tf.max(tf.where(same, distances, tf.fill(distances.shape, -FAR)), 1, true),
      same,
    );
    const others = tf.logicalNot(same);
    const nearest = selected(
      distances,
      tf.min(tf.where(same, tf.fill(distances.shape, FAR), distances), 1, true),
      others,
    );
    return tf.mul(tf.mean(tf.relu(tf.add(tf.sub(farthest, nearest), margin))), loss_weight);
  }
}

/** Of each row the entry that equals `value`; of several their mean, so that they share the gradient as in PyTorch. */
function selected(distances: tf.Tensor, value: tf.Tensor, among: tf.Tensor): tf.Tensor1D {
  const chosen = tf.logicalAnd(tf.equal(stopGradient(distances), stopGradient(value)), among).cast('float32');
  return tf.div(tf.sum(tf.mul(distances, chosen), 1), tf.sum(chosen, 1));
}

export const tripletLossDefinition = defineModule({
  kind: 'loss',
  type: 'TripletLoss',
  summary: 'An embedding is nearer to those of its identity than to those of others',
  paper: 'Hermans, Beyer and Leibe: In Defense of the Triplet Loss for Person Re-Identification, arXiv 2017',
  shapes: 'embeddings [N, C] and identities [N] -> scalar',
  example: "{ type: 'TripletLoss', margin: 0.3 }",
  options,
  build: (given) => new TripletLoss(given),
});
