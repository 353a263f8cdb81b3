// Sine positional encoding of a map (Vaswani et al., 2017; Carion et al., DETR, ECCV 2020): row and column, counted over
// what is not padding, each as sines and cosines of decreasing frequency.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { defineModule } from '../../../catalogue/registry';
import { Module } from '../../../nn/module';
import { filledLike } from '../../../ops/filled-like';

export const sineOptions = z.strictObject({
  num_feats: z.int().positive().describe('Channels per axis (x and y)'),
  temperature: z
    .number()
    .positive()
    .default(10000)
    .describe('Temperature: ratio of the longest to the shortest wavelength'),
  normalize: z.boolean().default(false).describe('Normalise positions to [0, scale]'),
  scale: z
    .number()
    .default(2 * Math.PI)
    .describe('Upper end of normalised positions'),
  init_cfg: ignoredOption('it has no parameters', { harmless: anyValue }),
  eps: z.number().nonnegative().default(1e-6).describe('Small constant in the normalisation'),
  offset: z.number().default(0).describe('Added to rows and columns before they are normalised'),
});
export type SineOptions = z.output<typeof sineOptions>;

/** Sine and cosine in turn: [..., 1] -> [..., 2 * pairs], wave p of length temperature^(p / pairs). */
export function sinePairs(x: tf.Tensor, pairs: number, temperature = 10000): tf.Tensor {
  // divided, not multiplied: beyond the padding some positions are so large that the last bit decides
  const lengths = Float32Array.from({ length: pairs }, (_, p) => temperature ** Math.fround(p / pairs));
  const angles = tf.div(x, tf.tensor1d(lengths));
  return tf.stack([tf.sin(angles), tf.cos(angles)], -1).reshape([...x.shape.slice(0, -1), 2 * pairs]);
}

export class SinePositionalEncoding extends Module {
  constructor(readonly options: SineOptions) {
    super();
  }

  /** `mask` [B, H, W], non-zero where padded, or [B, H, W] alone where nothing is: [B, H, W, 2 num_feats]. */
  forward(mask: tf.Tensor3D | [number, number, number]): tf.Tensor4D {
    const { num_feats, temperature, normalize, scale, eps, offset } = this.options;
    return tf.tidy(() => {
      const seen = (Array.isArray(mask) ? tf.ones(mask) : tf.cast(tf.equal(mask, 0), 'float32')) as tf.Tensor3D;
      const axis = (along: 1 | 2) => {
        const count = tf.cumsum(seen, along);
        if (!normalize) return count;
        const [, height, width] = seen.shape;
        const last = tf.slice(count, along === 1 ? [0, height - 1, 0] : [0, 0, width - 1]);
        return tf.mul(tf.div(tf.add(count, offset), tf.add(last, eps)), scale);
      };
      const [rows, columns] = [axis(1), axis(2)].map((t) => sinePairs(t.expandDims(-1), num_feats / 2, temperature));
      return tf.concat([rows, columns], 3) as tf.Tensor4D;
    });
  }

  /** Of a map [B, H, W, C] without padding: [B, H, W, 2 num_feats]. */
  over(map: tf.Tensor4D): tf.Tensor4D {
    const [batch, height, width] = map.shape;
    return tf.tidy(() => this.forward(filledLike<tf.Rank.R3>(map, [batch, height, width], 0)));
  }
}

export const sinePositionalEncodingDefinition = defineModule({
  kind: 'positional_encoding',
  type: 'SinePositionalEncoding',
  summary: 'Sine and cosine encoding of the row and column of each position',
  paper: 'Vaswani et al., Attention Is All You Need, NeurIPS 2017',
  shapes: 'padding mask [N, H, W] -> [N, H, W, 2 * num_feats]',
  example: "{ type: 'SinePositionalEncoding', num_feats: 128, normalize: true }",
  options: sineOptions.refine((o) => o.num_feats % 2 === 0, { message: 'num_feats must be even', path: ['num_feats'] }),
  build: (options) => new SinePositionalEncoding(options),
});
