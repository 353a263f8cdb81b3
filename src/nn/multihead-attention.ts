// mmcv's MultiheadAttention: attention with positions added to query and key, and a shortcut around it (`attn.*` names).

import * as tf from '@tensorflow/tfjs';
import { Dropout, type DropoutCfg } from './dropout';
import { Module } from './module';
import { type AttentionMasks, ProjectedAttention } from './projected-attention';

export interface MultiheadAttentionConfig {
  embedDims: number;
  numHeads: number;
  /** Probability that an attention weight is zeroed; mmcv's former `dropout` sets this and `dropoutLayer`. */
  attnDrop?: number;
  /** Dropout behind the output projection. */
  projDrop?: number;
  dropoutLayer?: DropoutCfg | null;
  /** Tensors are [B, L, C]; else [L, B, C]. */
  batchFirst?: boolean;
  bias?: boolean;
}

/** Everything is optional: the key defaults to the query, the value to the key, the identity to the query. */
export interface AttentionInputs extends AttentionMasks {
  key?: tf.Tensor3D;
  value?: tf.Tensor3D;
  /** What the shortcut carries. */
  identity?: tf.Tensor3D;
  queryPos?: tf.Tensor3D;
  /** Left out: `queryPos` where it has the key's shape. */
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
      const sameShape = queryPos && queryPos.shape.join() === key.shape.join();
      const keyPos = inputs.keyPos ?? (sameShape ? queryPos : undefined);
      const q = this.ordered(queryPos ? tf.add(query, queryPos) : query);
      // the same tensor twice stays one, so that its projections are one product
      const k = key === query && keyPos === queryPos ? q : this.ordered(keyPos ? tf.add(key, keyPos) : key);
      const v = value === query && !queryPos ? q : value === key && !keyPos ? k : this.ordered(value);
      const out = this.ordered(this.attn.forward(q, k, v, inputs));
      const dropped = this.projDrop.forward(out);
      return tf.add(identity, this.dropoutLayer ? this.dropoutLayer.forward(dropped) : dropped);
    });
  }

  /** [L, B, C] to [B, L, C] and back. */
  private ordered(x: tf.Tensor3D): tf.Tensor3D {
    return this.batchFirst ? x : tf.transpose(x, [1, 0, 2]);
  }
}
