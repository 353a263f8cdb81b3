// Multi-head scaled dot-product attention (Vaswani et al., NeurIPS 2017): softmax(q k^T * scale + mask) v; a fused kernel where
// the engine has one (libtorch selects its blocked kernels), matrix products elsewhere.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { dropout as drop } from './dropout';
import { hasKernel, runKernel } from './kernel';

export interface AttentionOptions {
  heads: number;
  /** Added to the scores before the softmax; broadcasts to [B, heads, Lq, Lk]. */
  mask?: tf.Tensor;
  /** Default: 1 / sqrt(channels per head). */
  scale?: number;
  /** Dropout of attention weights; needs a seed. */
  dropout?: number;
  seed?: number;
}

/**
 * `query` [B, Lq, C], `key` [B, Lk, C] and `value` [B, Lk, D] to [B, Lq, D]; heads are consecutive slices of the last axis.
 * Differentiable in all of them and in the mask.
 *
 * @example attention(q, k, v, { heads: 8 })
 * @throws DetLabError when the heads do not divide the channels.
 */
export function attention(query: tf.Tensor3D, key: tf.Tensor3D, value: tf.Tensor3D, o: AttentionOptions): tf.Tensor3D {
  const { heads, mask, dropout = 0, seed = 0 } = o;
  const channels = query.shape[2];
  if (channels % heads !== 0 || value.shape[2] % heads !== 0 || key.shape[2] !== channels)
    throw new DetLabError(
      `Cannot compute attention with ${heads} heads: expected query and key with equal channels and all channels divisible by ` +
        `the heads, received query [${query.shape}], key [${key.shape}] and value [${value.shape}]`,
    );
  const scale = o.scale ?? 1 / Math.sqrt(channels / heads);
  if (hasKernel('DetAttention'))
    return runKernel<tf.Tensor3D>('DetAttention', { query, key, value, mask }, { heads, scale, dropout, seed });
  return tf.tidy(() => {
    const weights = drop(attentionWeights(query, key, { heads, mask, scale }), dropout, seed);
    const [batch, length] = query.shape;
    return tf
      .transpose(tf.matMul(weights, splitHeads(value, heads)), [0, 2, 1, 3])
      .reshape([batch, length, value.shape[2]]);
  });
}

/** [B, L, C] to [B, heads, L, C / heads]. */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [batch, length, width] = x.shape;
  return tf.transpose(x.reshape<tf.Tensor4D>([batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** What `attention` weights the values with: softmax(q k^T * scale + mask), [B, heads, Lq, Lk]. */
export function attentionWeights(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  { heads, mask, scale = 1 / Math.sqrt(query.shape[2] / heads) }: Pick<AttentionOptions, 'heads' | 'mask' | 'scale'>,
): tf.Tensor4D {
  return tf.tidy(() => {
    const scores = tf.matMul<tf.Tensor4D>(tf.mul(splitHeads(query, heads), scale), splitHeads(key, heads), false, true);
    return tf.softmax<tf.Tensor4D>(mask ? tf.add<tf.Tensor4D>(scores, mask) : scores, -1);
  });
}
