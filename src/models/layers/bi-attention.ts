// Attention between pixels and words in both directions at once, from one table of scores (Li et al., GLIP, CVPR 2022; Liu et
// al., Grounding DINO, ECCV 2024). MMDetection limits the scores to 50000, which matters in half precision alone; there,
// Grounding DINO's mask of the text has no effect, here padding is never read.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { constant, LayerNorm, Linear, xavier, zeros } from '../../nn';
import { Dropout } from '../../nn/dropout';
import { Module, type Parameter } from '../../nn/module';
import { stepRandom } from '../../nn/step-random';
import { attention } from '../../ops/attention';

const size = z.int().positive();
export const biAttentionOptions = z.strictObject({
  v_dim: size.describe('Channels of the pixels'),
  l_dim: size.describe('Channels of the words'),
  embed_dim: size.describe('Channels in which they are compared'),
  num_heads: size.describe('Number of attention heads'),
  dropout: z.number().min(0).lt(1).default(0.1).describe('Dropout of the attention weights'),
  drop_path: z.number().min(0).lt(1).default(0).describe('Probability of dropping the fusion for a sample'),
  init_values: z.number().default(1e-4).describe('Initial scale of what is added to pixels and words'),
});
export type BiAttentionOptions = z.output<typeof biAttentionOptions>;

/** Padding, of which nothing is read. */
export interface FusionMasks {
  /** [B, S], non-zero where pixels are padding. */
  pixels?: tf.Tensor2D;
  /** [B, T], non-zero where words are padding. */
  words?: tf.Tensor2D;
}

const MASKED = -1e9;
/** As an addition to scores [B, heads, queries, keys]. */
const additive = (mask: tf.Tensor2D | undefined): tf.Tensor | undefined =>
  mask && tf.mul(tf.cast(tf.notEqual(mask, 0), 'float32'), MASKED).reshape([mask.shape[0], 1, 1, mask.shape[1]]);

export class BiMultiHeadAttention extends Module {
  private readonly projections: Record<'pixels' | 'words' | 'pixelValues' | 'wordValues', Linear>;
  private readonly toPixels: Linear;
  private readonly toWords: Linear;
  /** Of the attention weights. */
  dropout: number;

  constructor(private readonly options: BiAttentionOptions) {
    super();
    this.dropout = options.dropout;
    const { v_dim, l_dim, embed_dim, num_heads } = options;
    if (embed_dim % num_heads !== 0)
      throw new DetLabError(
        `Cannot build the fusion of pixels and words: expected embed_dim divisible by num_heads, received ${embed_dim} and ${num_heads}`,
      );
    const linear = (name: string, inFeatures: number, outFeatures: number) =>
      this.addChild(name, new Linear({ inFeatures, outFeatures, init: xavier(), biasInit: zeros }));
    this.projections = {
      pixels: linear('v_proj', v_dim, embed_dim),
      words: linear('l_proj', l_dim, embed_dim),
      pixelValues: linear('values_v_proj', v_dim, embed_dim),
      wordValues: linear('values_l_proj', l_dim, embed_dim),
    };
    this.toPixels = linear('out_v_proj', embed_dim, v_dim);
    this.toWords = linear('out_l_proj', embed_dim, l_dim);
  }

  /** What pixels [B, S, V] read of words [B, T, L], and words of pixels. */
  forward(pixels: tf.Tensor3D, words: tf.Tensor3D, masks: FusionMasks): { pixels: tf.Tensor3D; words: tf.Tensor3D } {
    const { num_heads: heads } = this.options;
    const { projections } = this;
    const dropout = this.training ? this.dropout : 0;
    const seed = () => (dropout > 0 ? stepRandom().uint32() >>> 1 : 0);
    const [v, l] = [projections.pixels.forward(pixels), projections.words.forward(words)];
    const values = { pixels: projections.pixelValues.forward(pixels), words: projections.wordValues.forward(words) };
    const ofWords = { heads, dropout, seed: seed(), mask: additive(masks.words) };
    const ofPixels = { heads, dropout, seed: seed(), mask: additive(masks.pixels) };
    return {
      pixels: this.toPixels.forward(attention(v, l, values.words, ofWords)),
      words: this.toWords.forward(attention(l, v, values.pixels, ofPixels)),
    };
  }
}

/** Norms before the attention, and shortcuts around it with learned scales. */
export class BiAttentionBlock extends Module {
  private readonly pixelNorm: LayerNorm;
  private readonly wordNorm: LayerNorm;
  private readonly attention: BiMultiHeadAttention;
  private readonly dropPath: Dropout;
  private readonly pixelScale: Parameter;
  private readonly wordScale: Parameter;

  constructor(options: BiAttentionOptions) {
    super();
    const { v_dim, l_dim, init_values, drop_path } = options;
    this.pixelScale = this.addParameter('gamma_v', [v_dim], constant(init_values));
    this.wordScale = this.addParameter('gamma_l', [l_dim], constant(init_values));
    this.pixelNorm = this.addChild('layer_norm_v', new LayerNorm({ channels: v_dim }));
    this.wordNorm = this.addChild('layer_norm_l', new LayerNorm({ channels: l_dim }));
    this.attention = this.addChild('attn', new BiMultiHeadAttention(options));
    this.dropPath = this.addChild('drop_path', new Dropout({ type: 'DropPath', drop_prob: drop_path }));
  }

  /** Pixels [B, S, V] and words [B, T, L], fused. */
  forward(
    pixels: tf.Tensor3D,
    words: tf.Tensor3D,
    masks: FusionMasks = {},
  ): { pixels: tf.Tensor3D; words: tf.Tensor3D } {
    return tf.tidy(() => {
      // the shortcuts begin after the norms
      const [v, l] = [this.pixelNorm.forward(pixels), this.wordNorm.forward(words)];
      const read = this.attention.forward(v, l, masks);
      const added = (x: tf.Tensor3D, delta: tf.Tensor3D, scale: Parameter) =>
        tf.add<tf.Tensor3D>(x, this.dropPath.forward(tf.mul(delta, scale.variable) as tf.Tensor3D));
      return { pixels: added(v, read.pixels, this.pixelScale), words: added(l, read.words, this.wordScale) };
    });
  }
}
