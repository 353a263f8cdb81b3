// The attention of Conditional DETR (Meng et al., ICCV 2021): content and position have separate projections, and in cross
// attention they are concatenated per head, so that the query's position is compared with the key's position only.

import * as tf from '@tensorflow/tfjs';
import { attention, attentionWeights } from '../ops/attention';
import { Dropout } from './dropout';
import { zeros } from './initializers';
import { Linear } from './linear';
import { Module } from './module';
import { stepRandom } from './step-random';

export interface ConditionalAttentionConfig {
  embedDims: number;
  numHeads: number;
  attnDrop?: number;
  projDrop?: number;
  crossAttn?: boolean;
  /** Add the query's position to its content in every layer, not only in the first. */
  keepQueryPos?: boolean;
}

export interface ConditionalInputs {
  key: tf.Tensor3D;
  queryPos: tf.Tensor3D;
  keyPos: tf.Tensor3D;
  /** Cross attention: sine embedding of the reference point, [B, L, C]. */
  refSineEmbed?: tf.Tensor3D;
  /** [B, Lk], nonzero: masked. */
  keyPaddingMask?: tf.Tensor2D;
  isFirst?: boolean;
}

/** The attention of Conditional DETR: content and position are concatenated in each head. */
export class ConditionalAttention extends Module {
  readonly embedDims: number;
  readonly keepQueryPos: boolean;
  private readonly heads: number;
  private readonly crossAttn: boolean;
  private readonly attnDrop: number;
  private readonly projDrop: Dropout;
  private readonly qContent: Linear;
  private readonly qPos?: Linear;
  private readonly kContent: Linear;
  private readonly kPos: Linear;
  private readonly v: Linear;
  private readonly qPosSine?: Linear;
  private readonly out: Linear;

  /** `withQueryPos` false: a layer after the first, without `qpos_proj`. */
  constructor(config: ConditionalAttentionConfig, withQueryPos = true) {
    super();
    const { embedDims, numHeads, attnDrop = 0, projDrop = 0, crossAttn = false, keepQueryPos = false } = config;
    this.embedDims = embedDims;
    this.heads = numHeads;
    this.crossAttn = crossAttn;
    this.keepQueryPos = keepQueryPos;
    this.attnDrop = attnDrop;
    this.projDrop = this.addChild('proj_drop', new Dropout({ type: 'Dropout', drop_prob: projDrop }));
    const linear = { inFeatures: embedDims, outFeatures: embedDims };
    const add = (name: string) => this.addChild(name, new Linear(linear));
    this.qContent = add('qcontent_proj');
    if (withQueryPos) this.qPos = add('qpos_proj');
    this.kContent = add('kcontent_proj');
    this.kPos = add('kpos_proj');
    this.v = add('v_proj');
    if (crossAttn) this.qPosSine = add('qpos_sine_proj');
    this.out = this.addChild('out_proj', new Linear({ ...linear, biasInit: zeros }));
  }

  /** [B, L, C] -> the same shape, including the residual connection. */
  forward(query: tf.Tensor3D, inputs: ConditionalInputs): tf.Tensor3D {
    return tf.tidy(() => {
      const { key } = inputs;
      const { q, k } = this.project(query, inputs);
      const dropout = this.training ? this.attnDrop : 0;
      const read = attention(q, k, this.v.forward(this.crossAttn ? key : query), {
        heads: this.heads,
        mask: additiveMask(inputs.keyPaddingMask),
        dropout,
        seed: dropout > 0 ? stepRandom().uint32() >>> 1 : 0,
      });
      return tf.add(query, this.projDrop.forward(this.out.forward(read)));
    });
  }

  /** The weights with which each query reads the keys, [B, heads, Lq, Lk]. */
  weights(query: tf.Tensor3D, inputs: ConditionalInputs): tf.Tensor4D {
    return tf.tidy(() => {
      const { q, k } = this.project(query, inputs);
      return attentionWeights(q, k, { heads: this.heads, mask: additiveMask(inputs.keyPaddingMask) });
    });
  }

  private project(query: tf.Tensor3D, inputs: ConditionalInputs): { q: tf.Tensor3D; k: tf.Tensor3D } {
    const { key, queryPos, keyPos, refSineEmbed, isFirst = false } = inputs;
    let q = this.qContent.forward(query);
    let k = this.kContent.forward(this.crossAttn ? key : query);
    const kPos = this.kPos.forward(keyPos);
    const positioned = !this.crossAttn || isFirst || this.keepQueryPos;
    if (positioned && this.qPos) {
      q = tf.add(q, this.qPos.forward(queryPos));
      k = tf.add(k, kPos);
    }
    if (this.qPosSine && refSineEmbed) {
      q = this.concatPerHead(q, this.qPosSine.forward(refSineEmbed));
      k = this.concatPerHead(k, kPos);
    }
    return { q, k };
  }

  /** Two [B, L, C] concatenated within every head: [B, L, 2C]. */
  private concatPerHead(a: tf.Tensor3D, b: tf.Tensor3D): tf.Tensor3D {
    const [batch, length, channels] = a.shape;
    const split = (x: tf.Tensor3D) => x.reshape([batch, length, this.heads, channels / this.heads]);
    return tf.concat([split(a), split(b)], 3).reshape([batch, length, 2 * channels]);
  }
}

/** The padding mask as an additive mask, [B, 1, 1, Lk]. */
function additiveMask(mask: tf.Tensor2D | undefined): tf.Tensor | undefined {
  if (!mask) return undefined;
  const [batch, length] = mask.shape;
  return tf.mul(tf.cast(tf.notEqual(mask, 0), 'float32'), -1e9).reshape([batch, 1, 1, length]);
}
