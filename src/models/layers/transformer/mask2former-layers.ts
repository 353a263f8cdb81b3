// The decoder of Mask2Former (Cheng et al., CVPR 2022): queries read the pixels of their masks first, then one another.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { applyInitCfg, type LayerNorm, Module, ModuleList } from '../../../nn';
import { DetrTransformerDecoderLayer, type Memory } from './detr-layers';
import { buildLayerNorm, type decoderOptions } from './transformer-options';

class Mask2FormerTransformerDecoderLayer extends DetrTransformerDecoderLayer {
  override forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, { key, keyPos, ...masks }: Memory): tf.Tensor3D {
    return tf.tidy(() => {
      const read = this.norms.at(0).forward(this.crossAttn.forward(query, { key, queryPos, keyPos, ...masks }));
      const seen = this.norms.at(1).forward(this.selfAttn.forward(read, { queryPos, keyPos: queryPos }));
      return this.norms.at(2).forward(this.ffn.forward(seen));
    });
  }
}

/** Layers that are called one by one: what they attend to depends on the masks after the one before. */
export class Mask2FormerTransformerDecoder extends Module {
  readonly layers: ModuleList<Mask2FormerTransformerDecoderLayer>;
  readonly postNorm: LayerNorm;
  readonly embedDims: number;

  constructor({ num_layers, layer_cfg, post_norm_cfg, init_cfg }: z.output<typeof decoderOptions>) {
    super();
    const layers = Array.from({ length: num_layers }, () => new Mask2FormerTransformerDecoderLayer(layer_cfg));
    this.layers = this.addChild('layers', new ModuleList(layers));
    this.embedDims = layer_cfg.self_attn_cfg.embed_dims;
    this.postNorm = this.addChild('post_norm', buildLayerNorm(post_norm_cfg, this.embedDims));
    applyInitCfg(this, init_cfg);
  }
}
