// Encoder and decoder of DAB-DETR (Liu et al., ICLR 2022): queries are boxes, refined from layer to layer; their width and
// height modulate how far the attention reaches.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { applyInitCfg, type LayerNorm } from '../../../nn';
import { Embedding } from '../../../nn/embedding';
import { MLP } from '../../../nn/mlp';
import { Module } from '../../../nn/module';
import { ModuleList } from '../../../nn/module-list';
import { stopGradient } from '../../../ops';
import { ConditionalDetrDecoderLayer } from './conditional-detr-decoder';
import { addToFirst, coordinateToEncoding, inverseSigmoid } from './coordinates';
import { DetrTransformerEncoder, type Memory } from './detr-layers';
import { buildLayerNorm, type dabDecoderOptions, type encoderOptions } from './transformer-options';

/** DETR's, whose positions are scaled by what the layer has seen. */
export class DABDetrTransformerEncoder extends DetrTransformerEncoder {
  private readonly queryScale: MLP;

  constructor(options: z.output<typeof encoderOptions>) {
    super(options);
    const channels = this.embedDims;
    this.queryScale = this.addChild('query_scale', new MLP(channels, channels, channels, 2));
  }

  override forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, keyPaddingMask?: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() =>
      [...this.layers].reduce(
        (x, layer) => layer.forward(x, tf.mul<tf.Tensor3D>(queryPos, this.queryScale.forward(x)), keyPaddingMask),
        query,
      ),
    );
  }
}

export class DABDetrTransformerDecoder extends Module {
  readonly embedDims: number;
  readonly queryDim: 2 | 4;
  private readonly layers: ModuleList<ConditionalDetrDecoderLayer>;
  private readonly postNorm: LayerNorm;
  private readonly queryScale: MLP | Embedding;
  private readonly refPointHead: MLP;
  private readonly refAnchorHead?: MLP;
  private readonly returnIntermediate: boolean;

  constructor(options: z.output<typeof dabDecoderOptions>) {
    super();
    const { num_layers: count, layer_cfg, post_norm_cfg, return_intermediate, query_dim, query_scale_type } = options;
    const channels = layer_cfg.self_attn_cfg.embed_dims;
    const keep = layer_cfg.cross_attn_cfg.keep_query_pos;
    this.embedDims = channels;
    this.queryDim = query_dim;
    const layers = Array.from({ length: count }, (_, i) => new ConditionalDetrDecoderLayer(layer_cfg, keep || i === 0));
    this.layers = this.addChild('layers', new ModuleList(layers));
    this.postNorm = this.addChild('post_norm', buildLayerNorm(post_norm_cfg, channels));
    const scale =
      query_scale_type === 'fix_elewise'
        ? new Embedding({ count, channels })
        : new MLP(channels, channels, query_scale_type === 'cond_scalar' ? 1 : channels, 2);
    this.queryScale = this.addChild<MLP | Embedding>('query_scale', scale);
    this.refPointHead = this.addChild('ref_point_head', new MLP((query_dim / 2) * channels, channels, channels, 2));
    if (options.with_modulated_hw_attn && query_dim === 4)
      this.refAnchorHead = this.addChild('ref_anchor_head', new MLP(channels, channels, 2, 2));
    this.returnIntermediate = return_intermediate;
    applyInitCfg(this, options.init_cfg);
  }

  /**
   * `unsigmoidReferences` [B, Q, 2 or 4]. Returns the states after every layer, and the references each layer started from.
   * `regress` predicts the shift of a box from a state.
   */
  forward(
    query: tf.Tensor3D,
    unsigmoidReferences: tf.Tensor3D,
    memory: Memory,
    regress: (state: tf.Tensor3D) => tf.Tensor3D,
  ): { states: tf.Tensor3D[]; references: tf.Tensor3D[] } {
    const { queryDim } = this;
    let reference: tf.Tensor3D = tf.sigmoid(unsigmoidReferences);
    const references = [reference];
    const states: tf.Tensor3D[] = [];
    let x = query;
    for (const [i, layer] of [...this.layers].entries()) {
      const sine = coordinateToEncoding(reference, this.embedDims / 2);
      const queryPos = this.refPointHead.forward(sine);
      x = layer.forward(x, queryPos, memory, { refSineEmbed: this.around(sine, x, reference, i), isFirst: i === 0 });
      const shift = tf.slice(regress(x), [0, 0, 0], [-1, -1, queryDim]) as tf.Tensor3D;
      const next: tf.Tensor3D = tf.sigmoid(addToFirst(shift, inverseSigmoid(reference)));
      if (i < this.layers.length - 1) references.push(next);
      reference = stopGradient(next);
      states.push(x);
    }
    const kept = this.returnIntermediate ? states : states.slice(-1);
    return { states: kept.map((state) => this.postNorm.forward(state)), references };
  }

  /** The sine embedding of the centers, scaled by content and, per axis, by how the box's size differs from the one seen. */
  private around(sine: tf.Tensor3D, state: tf.Tensor3D, reference: tf.Tensor3D, layer: number): tf.Tensor3D {
    const channels = this.embedDims;
    let embed = tf.slice(sine, [0, 0, 0], [-1, -1, channels]) as tf.Tensor3D;
    if (this.queryScale instanceof Embedding)
      embed = tf.mul(embed, tf.slice(this.queryScale.table, [layer, 0], [1, -1]));
    else if (layer > 0) embed = tf.mul(embed, this.queryScale.forward(state));
    if (!this.refAnchorHead) return embed;
    const size = tf.sigmoid(this.refAnchorHead.forward(state)); // [B, Q, 2]: width, height
    const [w, h] = tf.split(tf.div(size, tf.slice(reference, [0, 0, 2], [-1, -1, 2])), 2, 2);
    const [y, x] = tf.split(embed, 2, 2); // rows come first in the embedding
    return tf.concat([tf.mul(y, h), tf.mul(x, w)], 2) as tf.Tensor3D;
  }
}
