// RoIEmbedHead: which object of another frame an RoI is, by the products of their vectors, 0 for none of them (Yang, Fan and Xu,
// MaskTrack R-CNN, ICCV 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { applyInitCfg } from '../../nn';
import { type Loss, zeroLoss } from '../losses';
import { accuracy } from '../losses/accuracy';
import type { Losses } from '../types';
import { EmbedBranch, embedInitCfg, embedOptions } from './embed-branch';
import type { EmbeddedPair, EmbedHead } from './embed-head';

const options = z.strictObject({
  ...embedOptions,
  loss_match: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 1 } as { type: string })
    .describe('Loss of which object an RoI is'),
  init_cfg: embedInitCfg.describe('Weight initialisation'),
});

export class RoIEmbedHead extends EmbedBranch implements EmbedHead {
  private readonly lossMatch: Loss;

  constructor({ loss_match, init_cfg, ...branch }: z.output<typeof options>, { registry, path }: BuildContext) {
    super(branch);
    this.lossMatch = registry.build('loss', loss_match, { path: `${path}.loss_match` });
    applyInitCfg(this, init_cfg);
  }

  forward(pooled: tf.Tensor4D): tf.Tensor2D {
    return this.flat(pooled);
  }

  /** `loss_match`, and `match_accuracy` in percent; means over the clips. RoIs of background learn nothing. */
  loss(pairs: readonly EmbeddedPair[]): Losses {
    const terms = pairs.map(({ key, reference, keyTruths }) => {
      const logits = tf.concat([tf.zeros([key.shape[0], 1]), tf.matMul(key, reference, false, true)], 1) as tf.Tensor2D;
      const targets = keyTruths.map((truth) => truth + 1);
      const labels = tf.tensor1d(targets, 'int32');
      const avgFactor = Math.max(targets.filter((target) => target > 0).length, 1);
      const value =
        keyTruths.length > 0 ? (this.lossMatch.forward(logits, labels, { avgFactor }) as tf.Scalar) : zeroLoss(key);
      return { value, correct: accuracy(logits, labels) };
    });
    const mean = (values: tf.Scalar[]) => tf.div<tf.Scalar>(tf.addN(values), values.length);
    return {
      loss_match: mean(terms.map(({ value }) => value)),
      match_accuracy: mean(terms.map(({ correct }) => correct)),
    };
  }
}

export const roiEmbedHeadDefinition = defineModule({
  kind: 'embed_head',
  type: 'RoIEmbedHead',
  summary: 'Says which object of another frame an RoI is, by the products of vectors',
  paper: 'Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019',
  shapes: 'pooled RoIs [K, h, w, C] -> [K, features]',
  example: "{ type: 'RoIEmbedHead', num_fcs: 2 }",
  options,
  build: (given, context) => new RoIEmbedHead(given, context),
});
