// Scores of queries against words: their products, scaled and shifted (Liu et al., Grounding DINO, ECCV 2024; Zhao et al., MM
// Grounding DINO, 2024).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { constant } from '../../nn/initializers';
import { Module, type Parameter } from '../../nn/module';

export const contrastiveOptions = z.strictObject({
  max_text_len: z.int().positive().default(256).describe('Most words of a caption'),
  log_scale: z
    .union([z.number(), z.enum(['auto', 'none'])])
    .nullable()
    .default(null)
    .describe('auto: divide by the root of the channels; a number: learn a factor exp(log_scale); none: neither'),
  bias: z.boolean().default(false).describe('Learn a bias, which starts at the logit of 0.01'),
});
export type ContrastiveOptions = z.output<typeof contrastiveOptions>;

export class ContrastiveEmbed extends Module {
  private readonly logScale?: Parameter;
  private readonly bias?: Parameter;
  private readonly isNormalized: boolean;

  constructor({ log_scale, bias }: ContrastiveOptions) {
    super();
    this.isNormalized = log_scale === 'auto';
    if (typeof log_scale === 'number') this.logScale = this.addParameter('log_scale', [1], constant(log_scale));
    if (bias) this.bias = this.addParameter('bias', [1], constant(-Math.log(99)));
  }

  /** Queries [B, Q, C] and words [B, T, C] -> logits [B, Q, T], of padding too. */
  forward(queries: tf.Tensor3D, words: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      let logits: tf.Tensor3D = tf.matMul(queries, words, false, true);
      if (this.logScale) logits = tf.mul<tf.Tensor3D>(logits, tf.exp(this.logScale.variable));
      else if (this.isNormalized) logits = tf.div<tf.Tensor3D>(logits, Math.sqrt(queries.shape[2]));
      return this.bias ? tf.add<tf.Tensor3D>(logits, this.bias.variable) : logits;
    });
  }
}
