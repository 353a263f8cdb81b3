// DropBlock (Ghiasi, Lin and Le, NeurIPS 2018): in training, contiguous squares of every channel are zeroed and the rest is scaled
// up. The probability rises over the first `warmup_iters` calls. A map smaller than a block is left as it is (MMDetection
// fails there).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Module } from '../../nn/module';
import { stepRandom } from '../../nn/step-random';
import { dropout } from '../../ops/dropout';
import { maxPool2d } from '../../ops/max-pool2d';

export const dropBlockCfg = z.strictObject({
  type: z.literal('DropBlock').describe('Drops squares'),
  drop_prob: z.number().gt(0).max(1).describe('Fraction of the values dropped'),
  block_size: z
    .int()
    .positive()
    .refine((n) => n % 2 === 1, { error: 'expected an odd block_size' })
    .describe('Block size, odd'),
  warmup_iters: z.int().min(0).default(2000).describe('Calls over which the probability rises to drop_prob'),
});
export type DropBlockCfg = z.output<typeof dropBlockCfg>;

const EPSILON = 1e-6;

/**
 * @example new DropBlock({ type: 'DropBlock', drop_prob: 0.3, block_size: 3, warmup_iters: 0 }).train().forward(x)
 */
export class DropBlock extends Module {
  private calls = 0;

  constructor(private readonly options: DropBlockCfg) {
    super();
  }

  /** Probability that a pixel is the center of a dropped square, on a map of this size. */
  gamma([h, w]: [number, number]): number {
    const { drop_prob, block_size: b, warmup_iters } = this.options;
    const gamma = (drop_prob * h * w) / ((h - b + 1) * (w - b + 1)) / b ** 2;
    return gamma * (this.calls > warmup_iters ? 1 : this.calls / warmup_iters);
  }

  /** [N, H, W, C] -> the same shape. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    if (!this.training) return x;
    this.calls++;
    const [n, h, w, c] = x.shape;
    const b = this.options.block_size;
    if (h < b || w < b) return x;
    const gamma = Math.min(this.gamma([h, w]), 1);
    if (gamma === 0) return x;
    const seed = stepRandom().uint32() >>> 1;
    return tf.tidy(() => {
      const half = (b - 1) / 2;
      // 1 / gamma with probability gamma, so that the product is 1
      const drawn = dropout(tf.ones([n, h - b + 1, w - b + 1, c] as [number, number, number, number]), 1 - gamma, seed);
      const centers: tf.Tensor4D = tf.pad(tf.minimum<tf.Tensor4D>(drawn, 1), [
        [0, 0],
        [half, half],
        [half, half],
        [0, 0],
      ]);
      const dropped = maxPool2d(centers, { size: [b, b], strides: [1, 1], padding: [half, half] });
      const kept = tf.sub(1, dropped);
      return tf.mul(tf.mul(x, kept), tf.div(kept.size, tf.add(tf.sum(kept), EPSILON)));
    });
  }
}
