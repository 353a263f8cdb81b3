// MarginL2Loss: the squared distance of similarities from 1 where two are of one object, from 0 where they are not, beyond a margin
// (Pang et al., QDTrack, CVPR 2021). Of the others the hardest count, or some at random.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { stepRandom } from '../../nn/step-random';
import { topIndices } from '../../ops/top-indices';
import { type Loss, type LossCall, lossWeightOption, reductionOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

const options = z.strictObject({
  neg_pos_ub: z.number().default(-1).describe('Most pairs of different objects for each pair of one; -1: all'),
  pos_margin: z.number().default(-1).describe('Taken from similarities of one object; 0 or less: nothing'),
  neg_margin: z.number().default(-1).describe('Taken from those of different ones; 0 or less: nothing'),
  hard_mining: z.boolean().default(false).describe('Of different objects the most similar pairs count; false: any'),
  reduction: reductionOption,
  loss_weight: lossWeightOption,
});
type Options = z.output<typeof options>;

export class MarginL2Loss implements Loss {
  constructor(private readonly options: Options) {}

  /** Similarities and targets of one shape, 1: one object, 0: different ones. Pairs without weight do not count. */
  forward(prediction: tf.Tensor, target: tf.Tensor, { weight, reduction }: LossCall = {}): tf.Tensor {
    const { loss_weight, reduction: standard } = this.options;
    const truth = target.cast('float32');
    const margins = this.marginsOf(target, weight);
    const beyond = tf.clipByValue(tf.sub(prediction, margins), 0, 1);
    const squares = tf.square(tf.sub(beyond, truth));
    const counted = this.counted(squares, target, weight);
    const factors = tf.tensor(counted, prediction.shape);
    const used = weight ? tf.mul(weight, factors) : factors;
    const how = reduction ?? standard;
    const avgFactor = counted.reduce((sum, one) => sum + (one > 0 ? 1 : 0), 0);
    return tf.mul(
      weightReduceLoss(squares, { weight: used, reduction: how, ...(how === 'mean' && { avgFactor }) }),
      loss_weight,
    );
  }

  private marginsOf(target: tf.Tensor, weight: tf.Tensor | undefined): tf.Tensor {
    const { pos_margin, neg_margin } = this.options;
    const weights = weight?.dataSync<'float32'>();
    const values = Float32Array.from(target.dataSync(), (one, i) => {
      const margin = weights && weights[i] <= 0 ? 0 : one === 1 ? pos_margin : one === 0 ? neg_margin : 0;
      return Math.max(margin, 0);
    });
    return tf.tensor(values, target.shape);
  }

  /** 1 for each pair that counts. */
  private counted(squares: tf.Tensor, target: tf.Tensor, weight: tf.Tensor | undefined): Float32Array {
    const { neg_pos_ub: most, hard_mining } = this.options;
    const weights = weight?.dataSync<'float32'>();
    const targets = target.dataSync();
    const counted = Float32Array.from(targets, (_, i) => (weights && weights[i] <= 0 ? 0 : 1));
    const indices = [...targets.keys()].filter((i) => counted[i] > 0);
    const positives = indices.filter((i) => targets[i] === 1).length;
    const negatives = indices.filter((i) => targets[i] === 0);
    if (most <= 0 || negatives.length / (positives + 1e-6) <= most) return counted;
    const kept = Math.floor(positives * most);
    const costs = squares.dataSync<'float32'>();
    const chosen = hard_mining
      ? topIndices(
          Float32Array.from(negatives, (i) => costs[i]),
          kept,
        )
      : stepRandom().permutation(negatives.length, kept);
    for (const i of negatives) counted[i] = 0;
    for (const k of chosen) counted[negatives[k]] = 1;
    return counted;
  }
}

export const marginL2LossDefinition = defineModule({
  kind: 'loss',
  type: 'MarginL2Loss',
  summary: 'Squared distance of similarities from 1 and 0, beyond a margin',
  paper: 'Pang et al., Quasi-Dense Similarity Learning for Multiple Object Tracking, CVPR 2021',
  shapes: 'similarities and targets (1: one object, 0: different ones) of one shape -> scalar',
  example: "{ type: 'MarginL2Loss', neg_pos_ub: 3, pos_margin: 0, neg_margin: 0.1, hard_mining: true }",
  options,
  build: (given) => new MarginL2Loss(given),
});

export const l2LossDefinition = defineModule({
  kind: 'loss',
  type: 'L2Loss',
  summary: 'The same as MarginL2Loss, under the name that it had before',
  origin: 'MMDetection',
  shapes: 'similarities and targets (1: one object, 0: different ones) of one shape -> scalar',
  example: "{ type: 'L2Loss', neg_pos_ub: 3, neg_margin: 0.1, hard_mining: true }",
  options,
  build: (given) => new MarginL2Loss(given),
});
