// AssociativeEmbeddingLoss: pulls the embeddings of the two corners of an object together and pushes those of different objects of an
// image at least 1 apart (Newell et al., Associative Embedding, NeurIPS 2017; Law and Deng, CornerNet, ECCV 2018).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Loss } from './loss';
import { zeroLoss } from './zero-loss';

const options = z.strictObject({
  pull_weight: z.number().default(0.25).describe('Weight of the distance between the corners of an object'),
  push_weight: z.number().default(0.25).describe('Weight of the nearness of different objects'),
});

type Options = z.output<typeof options>;

/** How far apart objects are pushed. */
const MARGIN = 1;

export class AssociativeEmbeddingLoss implements Loss {
  constructor(private readonly options: Options) {}

  /** Both losses of the objects of one image, by the embeddings [P, M] of their corners. */
  pairLosses(topLeft: tf.Tensor2D, bottomRight: tf.Tensor2D): { pull: tf.Scalar; push: tf.Scalar } {
    const { pull_weight, push_weight } = this.options;
    const [count] = topLeft.shape;
    if (count === 0) return { pull: zeroLoss(topLeft), push: zeroLoss(topLeft) };
    const mean: tf.Tensor2D = tf.div(tf.add(topLeft, bottomRight), 2);
    const apart = tf.add(tf.square(tf.sub(topLeft, mean)), tf.square(tf.sub(bottomRight, mean)));
    const pull = tf.mul<tf.Scalar>(tf.sum(apart), pull_weight / count);
    if (count === 1) return { pull, push: zeroLoss(topLeft) };
    const differences = tf.sum(tf.sub(mean.expandDims(1), mean.expandDims(0)), 2); // [P, P]
    const others = tf.sub(1, tf.eye(count));
    const near = tf.relu(tf.mul(others, tf.sub(MARGIN, tf.abs(differences))));
    return { pull, push: tf.mul(tf.sum(near), push_weight / (count * (count - 1))) };
  }

  /** Their sum. */
  forward(topLeft: tf.Tensor, bottomRight: tf.Tensor): tf.Scalar {
    const { pull, push } = this.pairLosses(topLeft as tf.Tensor2D, bottomRight as tf.Tensor2D);
    return tf.add(pull, push);
  }
}

export const associativeEmbeddingLossDefinition = defineModule({
  kind: 'loss',
  type: 'AssociativeEmbeddingLoss',
  summary: 'Embeddings of the corners of an object become alike, those of different objects differ',
  paper: 'Newell et al., Associative Embedding, NeurIPS 2017',
  shapes: 'embeddings [P, M] of the corners of the objects of an image -> scalar',
  example: "{ type: 'AssociativeEmbeddingLoss', pull_weight: 0.1, push_weight: 0.1 }",
  options,
  build: (given) => new AssociativeEmbeddingLoss(given),
});
