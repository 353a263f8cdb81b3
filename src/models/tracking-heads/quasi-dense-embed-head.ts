// QuasiDenseEmbedHead: vectors of RoIs that are alike where they are of one object, learned from many pairs of RoIs of two frames
// (Pang et al., QDTrack, CVPR 2021). Unlike the reference, with_avg_pool is acted on.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { applyInitCfg, Linear } from '../../nn';
import { type Loss, zeroLoss } from '../losses';
import type { Losses } from '../types';
import { EmbedBranch, embedInitCfg, embedOptions } from './embed-branch';
import type { EmbeddedPair, EmbedHead } from './embed-head';

const options = z.strictObject({
  ...embedOptions,
  embed_channels: z.int().positive().default(256).describe('Length of a vector'),
  softmax_temp: z.number().default(-1).describe('Divides the products of vectors; 0 or less: nothing does'),
  loss_track: moduleOption('loss')
    .nullish()
    .transform((loss) => loss ?? { type: 'MultiPosCrossEntropyLoss', loss_weight: 0.25 })
    .describe('Loss of the products of vectors'),
  loss_track_aux: moduleOption('loss')
    .nullable()
    .default({ type: 'MarginL2Loss', neg_pos_ub: 3, pos_margin: 0, neg_margin: 0.3, hard_mining: true } as {
      type: string;
    })
    .describe('Loss of their cosines; null: none'),
  init_cfg: embedInitCfg
    .default({
      type: 'Xavier',
      layer: 'Linear',
      distribution: 'uniform',
      bias: 0,
      override: { type: 'Normal', name: 'fc_embed', mean: 0, std: 0.01, bias: 0 },
    })
    .describe('Weight initialisation'),
});

export class QuasiDenseEmbedHead extends EmbedBranch implements EmbedHead {
  private readonly embed: Linear;
  private readonly temperature: number;
  private readonly lossTrack: Loss;
  private readonly lossTrackAux?: Loss;

  constructor(config: z.output<typeof options>, { registry, path }: BuildContext) {
    const { embed_channels, softmax_temp, loss_track, loss_track_aux, init_cfg, ...branch } = config;
    super(branch);
    const { features, chw } = this.output;
    this.embed = this.addChild('fc_embed', new Linear({ inFeatures: features, chw, outFeatures: embed_channels }));
    this.temperature = softmax_temp > 0 ? softmax_temp : 1;
    this.lossTrack = registry.build('loss', loss_track, { path: `${path}.loss_track` });
    if (loss_track_aux) this.lossTrackAux = registry.build('loss', loss_track_aux, { path: `${path}.loss_track_aux` });
    applyInitCfg(this, init_cfg);
  }

  forward(pooled: tf.Tensor4D): tf.Tensor2D {
    return this.embed.forward(this.flat(pooled));
  }

  /** `loss_track` and `loss_track_aux`, means over the clips. */
  loss(pairs: readonly EmbeddedPair[]): Losses {
    const terms = pairs.map((pair) => this.pairLosses(pair));
    const mean = (values: tf.Scalar[]) => tf.div<tf.Scalar>(tf.addN(values), values.length);
    const losses: Losses = { loss_track: mean(terms.map(({ track }) => track)) };
    if (this.lossTrackAux) losses.loss_track_aux = mean(terms.map(({ aux }) => aux!));
    return losses;
  }

  private pairLosses({ key, reference, keyTruths, referenceTruths }: EmbeddedPair): {
    track: tf.Scalar;
    aux?: tf.Scalar;
  } {
    const shape: [number, number] = [keyTruths.length, referenceTruths.length];
    if (shape[0] * shape[1] === 0) {
      const zero = tf.add<tf.Scalar>(zeroLoss(key), zeroLoss(reference));
      return { track: zero, aux: zero };
    }
    const same = new Float32Array(shape[0] * shape[1]);
    for (const [k, truth] of keyTruths.entries())
      for (const [r, other] of referenceTruths.entries())
        same[k * shape[1] + r] = truth >= 0 && truth === other ? 1 : 0;
    const targets = tf.tensor2d(same, shape);
    // an object that is not in the reference frame has nothing to be like
    const weight = tf.max(targets, 1);
    const avgFactor = tf.sum(weight) as tf.Scalar;
    const products = tf.div(tf.matMul(key, reference, false, true), this.temperature);
    const track = this.lossTrack.forward(products, targets, { weight, avgFactor }) as tf.Scalar;
    if (!this.lossTrackAux) return { track };
    const cosines = tf.matMul(unit(key), unit(reference), false, true);
    return { track, aux: this.lossTrackAux.forward(cosines, targets) as tf.Scalar };
  }
}

const unit = (rows: tf.Tensor2D): tf.Tensor2D =>
  tf.div(rows, tf.maximum(tf.sqrt(tf.maximum(tf.sum(tf.square(rows), 1, true), 1e-24)), 1e-12));

export const quasiDenseEmbedHeadDefinition = defineModule({
  kind: 'embed_head',
  type: 'QuasiDenseEmbedHead',
  summary: 'Vectors of RoIs that are alike where they are of one object',
  paper: 'Pang et al., Quasi-Dense Similarity Learning for Multiple Object Tracking, CVPR 2021',
  shapes: 'pooled RoIs [K, h, w, C] -> [K, embed_channels]',
  example: "{ type: 'QuasiDenseEmbedHead', num_convs: 4, num_fcs: 1, norm_cfg: { type: 'GN', num_groups: 32 } }",
  options,
  build: (given, context) => new QuasiDenseEmbedHead(given, context),
});
