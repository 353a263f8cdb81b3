// Encoder and decoder of Grounding DINO (Liu et al., ECCV 2024): DINO's, whose layers also fuse pixels with words and let the
// queries read the words. In MMDetection the mask of phrases is laid out by head and read by image, so that images of a batch
// get those of others; here each has its own.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { applyInitCfg, type LayerNorm, type MultiheadAttention } from '../../../nn';
import { Module } from '../../../nn/module';
import { ModuleList } from '../../../nn/module-list';
import type { MultiScaleDeformableAttention } from '../../../nn/multi-scale-deformable-attention';
import { BiAttentionBlock } from '../bi-attention';
import type { FFN } from '../ffn';
import { sinePairs } from '../positional-encodings/sine-positional-encoding';
import {
  type DecoderLayer,
  type DeformableDecoderInputs,
  DeformableDetrEncoderLayer,
  type Pyramid,
  pixelCentres,
} from './deformable-detr-layers';
import { DetrTransformerEncoderLayer } from './detr-layers';
import { DinoTransformerDecoder } from './dino-decoder';
import {
  buildAttention,
  buildDeformable,
  buildFfn,
  buildLayerNorm,
  type GroundingDecoderLayerOptions,
  type groundingDecoderOptions,
  type groundingEncoderOptions,
} from './transformer-options';

/** The words of each image's caption. */
export interface Words {
  /** [B, T, C]. */
  features: tf.Tensor3D;
  /** [B, T], 1 where they are padding. */
  padding: tf.Tensor2D;
}

/** Words, and which of them belong together. */
export interface Phrases extends Words {
  /** [B, T, T], 1 where a word does not read another. */
  apart: tf.Tensor3D;
  /** [B, T], from the start of each phrase. */
  positions: tf.Tensor2D;
}

export class GroundingDinoTransformerEncoder extends Module {
  private readonly layers: ModuleList<DeformableDetrEncoderLayer>;
  private readonly textLayers: ModuleList<DetrTransformerEncoderLayer>;
  private readonly fusionLayers: ModuleList<BiAttentionBlock>;
  private readonly textHeads: number;

  constructor(options: z.output<typeof groundingEncoderOptions>) {
    super();
    const { num_layers, layer_cfg, text_layer_cfg, fusion_layer_cfg, init_cfg } = options;
    const list = <T extends Module>(name: string, make: () => T): ModuleList<T> =>
      this.addChild(name, new ModuleList(Array.from({ length: num_layers }, make)));
    this.layers = list('layers', () => new DeformableDetrEncoderLayer(layer_cfg));
    this.textLayers = list('text_layers', () => new DetrTransformerEncoderLayer(text_layer_cfg));
    this.fusionLayers = list('fusion_layers', () => new BiAttentionBlock(fusion_layer_cfg));
    this.textHeads = text_layer_cfg.self_attn_cfg.num_heads;
    applyInitCfg(this, init_cfg);
  }

  /** Pixels [B, S, C] with their positions, and words: each layer fuses them, then each goes through a layer of its own. */
  forward(
    query: tf.Tensor3D,
    queryPos: tf.Tensor3D,
    pyramid: Pyramid,
    phrases: Phrases,
  ): { memory: tf.Tensor3D; words: tf.Tensor3D } {
    return tf.tidy(() => {
      const references = pixelCentres(pyramid);
      const masks = { pixels: pyramid.keyPaddingMask, words: phrases.padding };
      const [batch, length, channels] = phrases.features.shape;
      const angles = tf.mul(phrases.positions, 2 * Math.PI).expandDims(2);
      const wordPos = sinePairs(angles, channels / 2) as tf.Tensor3D;
      const apart = tf.tile(phrases.apart.reshape([batch, 1, length, length]), [1, this.textHeads, 1, 1]);
      const mask = tf.cast(apart, 'bool');
      let [pixels, words] = [query, phrases.features];
      for (const [i, layer] of [...this.layers].entries()) {
        ({ pixels, words } = this.fusionLayers.at(i).forward(pixels, words, masks));
        words = this.textLayers.at(i).forward(words, wordPos, undefined, mask);
        pixels = layer.forward(pixels, queryPos, references, pyramid);
      }
      return { memory: pixels, words };
    });
  }
}

export interface GroundingDecoderInputs extends DeformableDecoderInputs {
  words: Words;
}

export class GroundingDinoDecoderLayer extends Module implements DecoderLayer<GroundingDecoderInputs> {
  private readonly selfAttn: MultiheadAttention;
  private readonly textAttn: MultiheadAttention;
  private readonly crossAttn: MultiScaleDeformableAttention;
  private readonly ffn: FFN;
  private readonly norms: ModuleList<LayerNorm>;

  constructor(options: GroundingDecoderLayerOptions) {
    super();
    const { self_attn_cfg, cross_attn_text_cfg, cross_attn_cfg, ffn_cfg, norm_cfg, init_cfg } = options;
    this.selfAttn = this.addChild('self_attn', buildAttention(self_attn_cfg));
    this.textAttn = this.addChild('cross_attn_text', buildAttention(cross_attn_text_cfg));
    this.crossAttn = this.addChild('cross_attn', buildDeformable(cross_attn_cfg));
    this.ffn = this.addChild('ffn', buildFfn(ffn_cfg));
    const four = [0, 1, 2, 3].map(() => buildLayerNorm(norm_cfg, self_attn_cfg.embed_dims));
    this.norms = this.addChild('norms', new ModuleList(four));
    applyInitCfg(this, init_cfg);
  }

  forward(
    query: tf.Tensor3D,
    queryPos: tf.Tensor3D,
    referencePoints: tf.Tensor4D,
    { value, pyramid, selfAttnMask, words }: GroundingDecoderInputs,
  ): tf.Tensor3D {
    return tf.tidy(() => {
      const { shapes, keyPaddingMask } = pyramid;
      let x = this.selfAttn.forward(query, { queryPos, keyPos: queryPos, attnMask: selfAttnMask });
      x = this.norms.at(0).forward(x);
      const { features: key, padding } = words;
      x = this.textAttn.forward(x, { key, value: key, queryPos, keyPos: tf.zerosLike(key), keyPaddingMask: padding });
      x = this.norms.at(1).forward(x);
      x = this.crossAttn.forward(x, { value, queryPos, keyPaddingMask, referencePoints, shapes });
      x = this.norms.at(2).forward(x);
      return this.norms.at(3).forward(this.ffn.forward(x));
    });
  }
}

export class GroundingDinoTransformerDecoder extends DinoTransformerDecoder<GroundingDecoderInputs> {
  constructor(options: z.output<typeof groundingDecoderOptions>) {
    super(options, () => new GroundingDinoDecoderLayer(options.layer_cfg));
  }
}
