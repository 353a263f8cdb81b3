// Decoder of Conditional DETR (Meng et al., ICCV 2021): every query attends around a reference point predicted from its
// position embedding; its features scale the sine embedding of that point.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { applyInitCfg, type LayerNorm } from '../../../nn';
import type { ConditionalAttention } from '../../../nn/conditional-attention';
import { MLP } from '../../../nn/mlp';
import { Module } from '../../../nn/module';
import { ModuleList } from '../../../nn/module-list';
import type { FFN } from '../ffn';
import { coordinateToEncoding } from './coordinates';
import type { Memory } from './detr-layers';
import {
  buildConditional,
  buildFfn,
  buildLayerNorm,
  type ConditionalLayerOptions,
  type conditionalDecoderOptions,
} from './transformer-options';

/** The layer of Conditional DETR and of DAB-DETR. */
export class ConditionalDetrDecoderLayer extends Module {
  private readonly selfAttn: ConditionalAttention;
  private readonly crossAttn: ConditionalAttention;
  private readonly ffn: FFN;
  private readonly norms: ModuleList<LayerNorm>;

  constructor(options: ConditionalLayerOptions, withQueryPos: boolean) {
    super();
    const { self_attn_cfg, cross_attn_cfg, ffn_cfg, norm_cfg, init_cfg } = options;
    this.selfAttn = this.addChild('self_attn', buildConditional(self_attn_cfg, true));
    this.crossAttn = this.addChild('cross_attn', buildConditional(cross_attn_cfg, withQueryPos));
    this.ffn = this.addChild('ffn', buildFfn(ffn_cfg));
    const channels = self_attn_cfg.embed_dims;
    const three = Array.from({ length: 3 }, () => buildLayerNorm(norm_cfg, channels));
    this.norms = this.addChild('norms', new ModuleList(three));
    applyInitCfg(this, init_cfg);
  }

  forward(
    query: tf.Tensor3D,
    queryPos: tf.Tensor3D,
    { key, keyPos, keyPaddingMask }: Memory,
    { refSineEmbed, isFirst }: { refSineEmbed: tf.Tensor3D; isFirst: boolean },
  ): tf.Tensor3D {
    return tf.tidy(() => {
      const selfAttended = this.selfAttn.forward(query, { key: query, queryPos, keyPos: queryPos });
      const normed = this.norms.at(0).forward(selfAttended);
      const inputs = { key, queryPos, keyPos, keyPaddingMask, refSineEmbed, isFirst };
      const read = this.norms.at(1).forward(this.crossAttn.forward(normed, inputs));
      return this.norms.at(2).forward(this.ffn.forward(read));
    });
  }
}

export class ConditionalDetrTransformerDecoder extends Module {
  readonly embedDims: number;
  private readonly layers: ModuleList<ConditionalDetrDecoderLayer>;
  private readonly postNorm: LayerNorm;
  private readonly queryScale: MLP;
  private readonly refPointHead: MLP;
  private readonly returnIntermediate: boolean;

  constructor(options: z.output<typeof conditionalDecoderOptions>) {
    super();
    const { num_layers, layer_cfg, post_norm_cfg, return_intermediate, init_cfg } = options;
    const layers = Array.from({ length: num_layers }, (_, i) => new ConditionalDetrDecoderLayer(layer_cfg, i === 0));
    const channels = layer_cfg.self_attn_cfg.embed_dims;
    this.embedDims = channels;
    this.layers = this.addChild('layers', new ModuleList(layers));
    this.postNorm = this.addChild('post_norm', buildLayerNorm(post_norm_cfg, channels));
    this.queryScale = this.addChild('query_scale', new MLP(channels, channels, channels, 2));
    this.refPointHead = this.addChild('ref_point_head', new MLP(channels, channels, 2, 2));
    this.returnIntermediate = return_intermediate;
    applyInitCfg(this, init_cfg);
  }

  /** States after every layer [B, Q, C], and the reference points [B, Q, 2] (x, y in 0..1). */
  forward(
    query: tf.Tensor3D,
    queryPos: tf.Tensor3D,
    memory: Memory,
  ): { states: tf.Tensor3D[]; references: tf.Tensor3D } {
    const references = tf.sigmoid(this.refPointHead.forward(queryPos));
    const sine = coordinateToEncoding(references, this.embedDims / 2);
    const states: tf.Tensor3D[] = [];
    let x = query;
    for (const [i, layer] of [...this.layers].entries()) {
      const refSineEmbed = i === 0 ? sine : tf.mul<tf.Tensor3D>(sine, this.queryScale.forward(x));
      x = layer.forward(x, queryPos, memory, { refSineEmbed, isFirst: i === 0 });
      states.push(x);
    }
    const kept = this.returnIntermediate ? states : states.slice(-1);
    return { states: kept.map((state) => this.postNorm.forward(state)), references };
  }
}
