// Encoder and decoder of DETR (Carion et al., ECCV 2020). Tensors are [batch, length, channels]; norms come after the
// shortcuts.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { applyInitCfg, type LayerNorm, type MultiheadAttention } from '../../../nn';
import { Module } from '../../../nn/module';
import { ModuleList } from '../../../nn/module-list';
import type { FFN } from '../ffn';
import {
  buildAttention,
  buildFfn,
  buildLayerNorm,
  type DecoderLayerOptions,
  type decoderOptions,
  type EncoderLayerOptions,
  type encoderOptions,
} from './transformer-options';

/** What decoders of DETR's kind attend to. */
export interface Memory {
  key: tf.Tensor3D;
  keyPos: tf.Tensor3D;
  /** [B, S], non-zero where padded. */
  keyPaddingMask?: tf.Tensor2D;
  /** Which query may not read which pixel, [B, 1, Q, S]. */
  attnMask?: tf.Tensor4D;
}

const norms = (count: number, options: EncoderLayerOptions['norm_cfg'], channels: number) =>
  new ModuleList(Array.from({ length: count }, () => buildLayerNorm(options, channels)));

export class DetrTransformerEncoderLayer extends Module {
  private readonly selfAttn: MultiheadAttention;
  private readonly ffn: FFN;
  private readonly norms: ModuleList<LayerNorm>;

  constructor({ self_attn_cfg, ffn_cfg, norm_cfg, init_cfg }: EncoderLayerOptions) {
    super();
    this.selfAttn = this.addChild('self_attn', buildAttention(self_attn_cfg));
    this.ffn = this.addChild('ffn', buildFfn(ffn_cfg));
    this.norms = this.addChild('norms', norms(2, norm_cfg, self_attn_cfg.embed_dims));
    applyInitCfg(this, init_cfg);
  }

  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, keyPaddingMask?: tf.Tensor2D, attnMask?: tf.Tensor): tf.Tensor3D {
    return tf.tidy(() => {
      const seen = this.selfAttn.forward(query, { queryPos, keyPos: queryPos, keyPaddingMask, attnMask });
      return this.norms.at(1).forward(this.ffn.forward(this.norms.at(0).forward(seen)));
    });
  }
}

export class DetrTransformerEncoder extends Module {
  readonly layers: ModuleList<DetrTransformerEncoderLayer>;
  readonly embedDims: number;

  constructor({ num_layers, layer_cfg, init_cfg }: z.output<typeof encoderOptions>) {
    super();
    const layers = Array.from({ length: num_layers }, () => new DetrTransformerEncoderLayer(layer_cfg));
    this.layers = this.addChild('layers', new ModuleList(layers));
    this.embedDims = layer_cfg.self_attn_cfg.embed_dims;
    applyInitCfg(this, init_cfg);
  }

  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, keyPaddingMask?: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => [...this.layers].reduce((x, layer) => layer.forward(x, queryPos, keyPaddingMask), query));
  }
}

export class DetrTransformerDecoderLayer extends Module {
  protected readonly selfAttn: MultiheadAttention;
  protected readonly crossAttn: MultiheadAttention;
  protected readonly ffn: FFN;
  protected readonly norms: ModuleList<LayerNorm>;

  constructor({ self_attn_cfg, cross_attn_cfg, ffn_cfg, norm_cfg, init_cfg }: DecoderLayerOptions) {
    super();
    this.selfAttn = this.addChild('self_attn', buildAttention(self_attn_cfg));
    this.crossAttn = this.addChild('cross_attn', buildAttention(cross_attn_cfg));
    this.ffn = this.addChild('ffn', buildFfn(ffn_cfg));
    this.norms = this.addChild('norms', norms(3, norm_cfg, self_attn_cfg.embed_dims));
    applyInitCfg(this, init_cfg);
  }

  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, { key, keyPos, keyPaddingMask }: Memory): tf.Tensor3D {
    return tf.tidy(() => {
      const seen = this.norms.at(0).forward(this.selfAttn.forward(query, { queryPos, keyPos: queryPos }));
      const read = this.crossAttn.forward(seen, { key, queryPos, keyPos, keyPaddingMask });
      return this.norms.at(2).forward(this.ffn.forward(this.norms.at(1).forward(read)));
    });
  }
}

export class DetrTransformerDecoder extends Module {
  private readonly layers: ModuleList<DetrTransformerDecoderLayer>;
  private readonly postNorm: LayerNorm;
  private readonly returnIntermediate: boolean;
  readonly embedDims: number;

  constructor(options: z.output<typeof decoderOptions>) {
    super();
    const { num_layers, layer_cfg, post_norm_cfg, return_intermediate, init_cfg } = options;
    const layers = Array.from({ length: num_layers }, () => new DetrTransformerDecoderLayer(layer_cfg));
    this.layers = this.addChild('layers', new ModuleList(layers));
    this.embedDims = layer_cfg.self_attn_cfg.embed_dims;
    this.postNorm = this.addChild('post_norm', buildLayerNorm(post_norm_cfg, this.embedDims));
    this.returnIntermediate = return_intermediate;
    applyInitCfg(this, init_cfg);
  }

  /** The state of the queries [B, Q, C] after every layer, normalised; of the last alone without `return_intermediate`. */
  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, memory: Memory): tf.Tensor3D[] {
    const states: tf.Tensor3D[] = [];
    let x = query;
    for (const layer of this.layers) {
      x = layer.forward(x, queryPos, memory);
      states.push(x);
    }
    return (this.returnIntermediate ? states : states.slice(-1)).map((state) => this.postNorm.forward(state));
  }
}
