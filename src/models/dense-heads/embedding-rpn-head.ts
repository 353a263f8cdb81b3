// EmbeddingRPNHead: the first stage of Sparse R-CNN (Sun et al., CVPR 2021): a box and features for each of a fixed number of
// proposals, which are learned and the same for every image. It has no loss of its own.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { Embedding, type Initializer, Module } from '../../nn';
import type { DetBatch, Losses, ProposalHead, ProposalLosses, Proposals } from '../types';

const size = z.int().positive();
const handed = z.null({ error: 'EmbeddingRPNHead selects nothing: leave it out or null' }).optional();
const options = z.strictObject({
  num_proposals: size.default(100).describe('Proposals of every image'),
  proposal_feature_channel: size.default(256).describe('Features of a proposal'),
  num_classes: z.literal(1).default(1).describe('Always 1: an object'),
  train_cfg: handed.describe('Must be null'),
  test_cfg: handed.describe('Must be null'),
  init_cfg: z
    .null({ error: 'the initialisation is fixed: leave init_cfg out or null' })
    .optional()
    .describe('Must be null'),
});

/** Every box starts as the whole image: center 0.5, size 1. */
const wholeImage: Initializer = (shape) =>
  Float32Array.from({ length: shape[0] * 4 }, (_, k) => ((k & 2) === 0 ? 0.5 : 1));

export class EmbeddingRPNHead extends Module implements ProposalHead {
  readonly numClasses = 1;
  readonly numProposals: number;
  /** cxcywh in shares of the image. */
  private readonly boxes: Embedding;
  private readonly objects: Embedding;

  constructor({ num_proposals: count, proposal_feature_channel: channels }: z.output<typeof options>) {
    super();
    this.numProposals = count;
    this.boxes = this.addChild('init_proposal_bboxes', new Embedding({ count, channels: 4, init: wholeImage }));
    this.objects = this.addChild('init_proposal_features', new Embedding({ count, channels }));
  }

  /** Boxes [P, 4], cxcywh in shares of any image, and features [P, C]. */
  forward(): { boxes: tf.Tensor2D; features: tf.Tensor2D } {
    return { boxes: this.boxes.table, features: this.objects.table };
  }

  loss(): Losses {
    return {};
  }

  predict(_features: tf.Tensor4D[], { samples }: DetBatch): (Proposals & { labels: Int32Array })[] {
    const [center, size] = tf.split(this.boxes.table, 2, 1);
    const half = tf.mul(size, 0.5);
    const corners = tf.concat([tf.sub(center, half), tf.add(center, half)], 1);
    return samples.map(({ meta: { imgShape } }) => {
      const [height, width] = imgShape;
      const learned = tf.mul<tf.Tensor2D>(corners, tf.tensor2d([[width, height, width, height]]));
      const scores = new Float32Array(this.numProposals).fill(1);
      const bboxes = learned.dataSync<'float32'>();
      return { bboxes, learned, features: this.objects.table, scores, labels: new Int32Array(this.numProposals) };
    });
  }

  lossAndPredict(features: tf.Tensor4D[], batch: DetBatch): ProposalLosses {
    return { losses: {}, proposals: this.predict(features, batch) };
  }
}

export const embeddingRPNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'EmbeddingRPNHead',
  summary: 'First stage of Sparse R-CNN: learned boxes and features of a fixed number of proposals',
  paper: 'Sun et al., Sparse R-CNN, CVPR 2021',
  shapes: 'images -> boxes [P, 4] and features [P, C] of each',
  example: "{ type: 'EmbeddingRPNHead', num_proposals: 100, proposal_feature_channel: 256 }",
  options,
  build: (given) => new EmbeddingRPNHead(given),
});
