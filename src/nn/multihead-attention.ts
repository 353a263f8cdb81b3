// mmcv's MultiheadAttention: attention with positional encodings added to query and key, and a residual connection.

import * as tf from '@tensorflow/tfjs';
import { Dropout, type DropoutCfg } from './dropout';
import { Module } from './module';
import { type AttentionMasks, ProjectedAttention } from './projected-attention';

/** Options of `MultiheadAttention`, named after torch's. */
export interface MultiheadAttentionConfig {
  embedDims: number;
  numHeads: number;
  /** Dropout of attention weights; mmcv's former `dropout` sets this and `dropoutLayer`. */
  attnDrop?: number;
  /** Dropout after the output projection. */
  projDrop?: number;
  dropoutLayer?: DropoutCfg | null;
  /** Tensors are [B, L, C]; false: [L, B, C]. */
  batchFirst?: boolean;
  bias?: boolean;
}

/** Defaults: the key is the query, the value the key, the identity the query. */
export interface AttentionInputs extends AttentionMasks {
  key?: tf.Tensor3D;
  value?: tf.Tensor3D;
  /** Input of the residual connection. */
  identity?: tf.Tensor3D;
  queryPos?: tf.Tensor3D;
  /** Default: `queryPos`, if it has the key's shape. */
  keyPos?: tf.Tensor3D;
}

/**
 * @example
 * const selfAttention = new MultiheadAttention({ embedDims: 256, numHeads: 8, batchFirst: true });
 * selfAttention.forward(query, { queryPos, keyPaddingMask }) // [B, L, 256]
 */
export class MultiheadAttention extends Module {
  readonly attn: ProjectedAttention;
  private readonly projDrop: Dropout;
  private readonly dropoutLayer?: Dropout;
  private readonly batchFirst: boolean;

  constructor(config: MultiheadAttentionConfig) {
    super();
    const { embedDims, numHeads, attnDrop = 0, projDrop = 0, dropoutLayer, batchFirst = false, bias } = config;
    this.batchFirst = batchFirst;
    this.attn = this.addChild(
      'attn',
      new ProjectedAttention({ channels: embedDims, heads: numHeads, dropout: attnDrop, bias }),
    );
    this.projDrop = this.addChild('proj_drop', new Dropout({ type: 'Dropout', drop_prob: projDrop }));
    if (dropoutLayer) this.dropoutLayer = this.addChild('dropout_layer', new Dropout(dropoutLayer));
  }

  /** [B, Lq, C] (or [Lq, B, C]) -> the same shape. */
  forward(query: tf.Tensor3D, inputs: AttentionInputs = {}): tf.Tensor3D {
    return tf.tidy(() => {
      const key = inputs.key ?? query;
      const value = inputs.value ?? key;
      const { identity = query, queryPos } = inputs;
      const { q, k, keyPos } = this.positioned(query, inputs);
      const v = value === query && !queryPos ? q : value === key && !keyPos ? k : this.transposeUnlessBatchFirst(value);
      const out = this.transposeUnlessBatchFirst(this.attn.forward(q, k, v, inputs));
      const dropped = this.projDrop.forward(out);
      return tf.add(identity, this.dropoutLayer ? this.dropoutLayer.forward(dropped) : dropped);
    });
  }

  /** The weights with which each query reads the keys, [B, heads, Lq, Lk]. */
  weights(query: tf.Tensor3D, inputs: AttentionInputs = {}): tf.Tensor4D {
    return tf.tidy(() => {
      const { q, k } = this.positioned(query, inputs);
      return this.attn.weights(q, k, inputs);
    });
  }

  /** Query and key with their positions, batch first. */
  private positioned(query: tf.Tensor3D, { key = query, queryPos, ...inputs }: AttentionInputs) {
    const sameShape = queryPos && queryPos.shape.join() === key.shape.join();
    const keyPos = inputs.keyPos ?? (sameShape ? queryPos : undefined);
    const q = this.transposeUnlessBatchFirst(queryPos ? tf.add(query, queryPos) : query);
    // identical tensors stay identical, so that their projections are one matrix product
    const k =
      key === query && keyPos === queryPos ? q : this.transposeUnlessBatchFirst(keyPos ? tf.add(key, keyPos) : key);
    return { q, k, keyPos };
  }

  /** [L, B, C] to [B, L, C] and back. */
  private transposeUnlessBatchFirst(x: tf.Tensor3D): tf.Tensor3D {
    return this.batchFirst ? x : tf.transpose(x, [1, 0, 2]);
  }
}
