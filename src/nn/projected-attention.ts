// Attention with its projections, PyTorch's nn.MultiheadAttention in names and initialisation: `in_proj_weight` [3C, C] stacks
// those of query, key and value. Batch first. Projections of the same tensor are one matrix product.

import * as tf from '@tensorflow/tfjs';
import { attention, attentionWeights } from '../ops/attention';
import { xavier, zeros } from './initializers';
import { Linear } from './linear';
import { Module, type Parameter } from './module';
import { stepRandom } from './step-random';

/** Options of `ProjectedAttention`. */
export interface ProjectedAttentionConfig {
  channels: number;
  heads: number;
  bias?: boolean;
  /** Probability that an attention weight is zeroed in training. */
  dropout?: number;
}

/** Masked keys. */
export interface AttentionMasks {
  /** bool (true: masked) or float32 (additive): [Lq, Lk], [B * heads, Lq, Lk] or [B, heads, Lq, Lk]. */
  attnMask?: tf.Tensor;
  /** [B, Lk], nonzero: masked. */
  keyPaddingMask?: tf.Tensor;
}

/** Additive mask, in place of minus infinity: a fully masked row stays finite (PyTorch's becomes NaN). */
const MASKED = -1e9;

/** Attention with projections of its inputs: torch's nn.MultiheadAttention, batch first. */
export class ProjectedAttention extends Module {
  readonly layerNames = ['MultiheadAttention'];
  readonly inWeight: Parameter<tf.Rank.R2>;
  readonly inBias?: Parameter<tf.Rank.R1>;
  readonly outProjection: Linear;
  private readonly channels: number;
  private readonly heads: number;
  private readonly dropout: number;

  constructor({ channels, heads, bias = true, dropout = 0 }: ProjectedAttentionConfig) {
    super();
    this.channels = channels;
    this.heads = heads;
    this.dropout = dropout;
    this.inWeight = this.addParameter('in_proj_weight', [3 * channels, channels], xavier());
    if (bias) this.inBias = this.addParameter('in_proj_bias', [3 * channels], zeros);
    const out = new Linear({ inFeatures: channels, outFeatures: channels, bias, biasInit: zeros });
    this.outProjection = this.addChild('out_proj', out);
  }

  /** query [B, Lq, C], key and value [B, Lk, C] -> [B, Lq, C]. */
  forward(query: tf.Tensor3D, key: tf.Tensor3D, value: tf.Tensor3D, masks: AttentionMasks = {}): tf.Tensor3D {
    return tf.tidy(() => {
      const [q, k, v] = this.project(query, key, value);
      const dropout = this.training ? this.dropout : 0;
      const seed = dropout > 0 ? stepRandom().uint32() >>> 1 : 0;
      const mask = this.mask(masks, query.shape[0]);
      return this.outProjection.forward(attention(q, k, v, { heads: this.heads, mask, dropout, seed }));
    });
  }

  /** The weights of the keys, [B, heads, Lq, Lk]. */
  weights(query: tf.Tensor3D, key: tf.Tensor3D, masks: AttentionMasks = {}): tf.Tensor4D {
    return tf.tidy(() => {
      const [q, k] = this.project(query, key, key);
      return attentionWeights(q, k, { heads: this.heads, mask: this.mask(masks, query.shape[0]) });
    });
  }

  private project(query: tf.Tensor3D, key: tf.Tensor3D, value: tf.Tensor3D): tf.Tensor3D[] {
    const rows = (x: tf.Tensor3D, from: number, count: number): tf.Tensor3D[] => {
      const { channels } = this;
      const [batch, length] = x.shape;
      const rowsOf = <R extends tf.Rank>({ variable }: Parameter<R>): tf.Tensor<R> =>
        count === 3 ? variable : tf.slice<R, tf.Tensor<R>>(variable, from * channels, count * channels);
      const y = tf.fused.matMul({
        a: x.reshape<tf.Tensor2D>([batch * length, channels]),
        b: rowsOf(this.inWeight),
        transposeB: true,
        bias: this.inBias && rowsOf(this.inBias),
      });
      const z: tf.Tensor3D = y.reshape([batch, length, count * channels]);
      return count === 1 ? [z] : tf.split<tf.Tensor3D>(z, count, 2);
    };
    if (query === key && key === value) return rows(query, 0, 3);
    if (query === key) return [...rows(query, 0, 2), ...rows(value, 2, 1)];
    if (key === value) return [...rows(query, 0, 1), ...rows(key, 1, 2)];
    return [...rows(query, 0, 1), ...rows(key, 1, 1), ...rows(value, 2, 1)];
  }

  /** Both masks as one additive mask that broadcasts to [B, heads, Lq, Lk]. */
  private mask({ attnMask, keyPaddingMask }: AttentionMasks, batch: number): tf.Tensor | undefined {
    const additive = (x: tf.Tensor) => (x.dtype === 'float32' ? x : tf.mul(tf.cast(x, 'float32'), MASKED));
    const parts: tf.Tensor[] = [];
    if (attnMask) {
      const [lq, lk] = attnMask.shape.slice(-2);
      const leading = attnMask.rank === 3 ? [batch, -1] : attnMask.rank === 2 ? [1, 1] : attnMask.shape.slice(0, 2);
      parts.push(additive(attnMask).reshape([...leading, lq, lk]));
    }
    if (keyPaddingMask) {
      const [b, lk] = keyPaddingMask.shape;
      const masked = keyPaddingMask.dtype === 'bool' ? keyPaddingMask : tf.notEqual(keyPaddingMask, 0);
      parts.push(additive(masked).reshape([b, 1, 1, lk]));
    }
    if (parts.length === 2) return tf.add(parts[0], parts[1]);
    return parts[0];
  }
}
