// Dropout, and DropPath ("stochastic depth"; Huang et al., ECCV 2016), which drops the branch of a residual block for some
// samples of the batch. Both are the identity in evaluation mode.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { dropout } from '../ops/dropout';
import { Module } from './module';
import { stepRandom } from './step-random';

/** mmcv's `dropout_layer`. */
export const dropoutCfg = z.strictObject({
  type: z.enum(['Dropout', 'DropPath']).describe('Drops single values, or the whole branch of a sample'),
  drop_prob: z.number().min(0).lt(1).optional().describe('Probability of dropping (Dropout 0.5, DropPath 0.1)'),
  inplace: ignoredOption('tensors are immutable', { schema: z.boolean().optional(), harmless: anyValue }),
});
/** Config of a dropout layer, as in MMDetection. */
export type DropoutCfg = z.input<typeof dropoutCfg>;

/**
 * @example new Dropout({ type: 'DropPath', drop_prob: 0.1 }).forward(x)
 */
export class Dropout extends Module {
  readonly rate: number;
  private readonly wholeSamples: boolean;

  constructor({ type, drop_prob }: DropoutCfg) {
    super();
    this.wholeSamples = type === 'DropPath';
    this.rate = drop_prob ?? (this.wholeSamples ? 0.1 : 0.5);
  }

  /** [N, ...] -> the same shape. */
  forward<T extends tf.Tensor>(x: T): T {
    if (!this.training || this.rate === 0) return x;
    const noiseShape = this.wholeSamples ? x.shape.map((n, i) => (i === 0 ? n : 1)) : undefined;
    return dropout(x, this.rate, this.seed(), noiseShape);
  }

  /** A seed from the step's random stream. */
  seed(): number {
    return stepRandom().uint32() >>> 1;
  }
}
