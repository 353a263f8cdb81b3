// Encoder and decoder of Deformable DETR (Zhu et al., ICLR 2021): attention to a few points around a reference.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { applyInitCfg, type LayerNorm, type MultiheadAttention } from '../../../nn';
import { Module } from '../../../nn/module';
import { ModuleList } from '../../../nn/module-list';
import type { MultiScaleDeformableAttention } from '../../../nn/multi-scale-deformable-attention';
import { stopGradient } from '../../../ops';
import { exactly } from '../../../ops/exactly';
import type { FFN } from '../ffn';
import { addToFirst, inverseSigmoid } from './coordinates';
import {
  buildAttention,
  buildDeformable,
  buildFfn,
  buildLayerNorm,
  type DeformableDecoderLayerOptions,
  type DeformableEncoderLayerOptions,
  type deformableDecoderOptions,
  type deformableEncoderOptions,
} from './transformer-options';

/** The levels as one sequence of pixels. */
export interface Pyramid {
  /** [height, width] of each level. */
  shapes: [number, number][];
  /** [B, S], non-zero where padded. */
  keyPaddingMask?: tf.Tensor2D;
  /** [B, levels, 2]: share of a level's width and height that is image. */
  validRatios: tf.Tensor3D;
}

export class DeformableDetrEncoderLayer extends Module {
  private readonly selfAttn: MultiScaleDeformableAttention;
  private readonly ffn: FFN;
  private readonly norms: ModuleList<LayerNorm>;

  constructor({ self_attn_cfg, ffn_cfg, norm_cfg, init_cfg }: DeformableEncoderLayerOptions) {
    super();
    this.selfAttn = this.addChild('self_attn', buildDeformable(self_attn_cfg));
    this.ffn = this.addChild('ffn', buildFfn(ffn_cfg));
    const two = [0, 1].map(() => buildLayerNorm(norm_cfg, self_attn_cfg.embed_dims));
    this.norms = this.addChild('norms', new ModuleList(two));
    applyInitCfg(this, init_cfg);
  }

  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, referencePoints: tf.Tensor4D, pyramid: Pyramid): tf.Tensor3D {
    return tf.tidy(() => {
      const { shapes, keyPaddingMask } = pyramid;
      const normed = this.selfAttn.forward(query, { value: query, queryPos, keyPaddingMask, referencePoints, shapes });
      return this.norms.at(1).forward(this.ffn.forward(this.norms.at(0).forward(normed)));
    });
  }
}

export class DeformableDetrTransformerEncoder extends Module {
  readonly embedDims: number;
  private readonly layers: ModuleList<DeformableDetrEncoderLayer>;

  constructor({ num_layers, layer_cfg, init_cfg }: z.output<typeof deformableEncoderOptions>) {
    super();
    const layers = Array.from({ length: num_layers }, () => new DeformableDetrEncoderLayer(layer_cfg));
    this.layers = this.addChild('layers', new ModuleList(layers));
    this.embedDims = layer_cfg.self_attn_cfg.embed_dims;
    applyInitCfg(this, init_cfg);
  }

  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, pyramid: Pyramid): tf.Tensor3D {
    return tf.tidy(() => {
      const references = pixelCentres(pyramid);
      return [...this.layers].reduce((x, layer) => layer.forward(x, queryPos, references, pyramid), query);
    });
  }
}

/** [B, S, levels, 2]: the center of every pixel, in shares of the image's part of its level, brought to every level. */
export function pixelCentres({ shapes, validRatios }: Pyramid): tf.Tensor4D {
  const [batch, levels] = validRatios.shape;
  const parts = shapes.map(([h, w], level) => {
    const centers = new Float32Array(h * w * 2);
    for (let y = 0, at = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        centers[at++] = x + 0.5;
        centers[at++] = y + 0.5;
      }
    const sides = tf.mul(tf.slice(validRatios, [0, level, 0], [batch, 1, 2]), [w, h]);
    return tf.div(tf.tensor3d(centers, [1, h * w, 2]), sides);
  });
  return tf.mul(tf.concat(parts, 1).expandDims(2), validRatios.reshape([batch, 1, levels, 2])) as tf.Tensor4D;
}

/** References [B, Q, 2 or 4] on every level, [B, Q, levels, 2 or 4]. */
export function onEveryLevel(references: tf.Tensor3D, validRatios: tf.Tensor3D): tf.Tensor4D {
  const [batch, levels] = validRatios.shape;
  const ratios = references.shape[2] === 4 ? tf.concat([validRatios, validRatios], 2) : validRatios;
  return tf.mul(references.expandDims(2), ratios.reshape([batch, 1, levels, references.shape[2]])) as tf.Tensor4D;
}

export interface DeformableDecoderInputs {
  value: tf.Tensor3D;
  pyramid: Pyramid;
  /** Which query may not see which: bool [Q, Q], or what is added to the attention, [B, 1, Q, Q]. */
  selfAttnMask?: tf.Tensor;
}

export class DeformableDetrDecoderLayer extends Module {
  private readonly selfAttn: MultiheadAttention;
  private readonly crossAttn: MultiScaleDeformableAttention;
  private readonly ffn: FFN;
  private readonly norms: ModuleList<LayerNorm>;

  constructor({ self_attn_cfg, cross_attn_cfg, ffn_cfg, norm_cfg, init_cfg }: DeformableDecoderLayerOptions) {
    super();
    this.selfAttn = this.addChild('self_attn', buildAttention(self_attn_cfg));
    this.crossAttn = this.addChild('cross_attn', buildDeformable(cross_attn_cfg));
    this.ffn = this.addChild('ffn', buildFfn(ffn_cfg));
    const three = [0, 1, 2].map(() => buildLayerNorm(norm_cfg, self_attn_cfg.embed_dims));
    this.norms = this.addChild('norms', new ModuleList(three));
    applyInitCfg(this, init_cfg);
  }

  forward(
    query: tf.Tensor3D,
    queryPos: tf.Tensor3D,
    referencePoints: tf.Tensor4D,
    { value, pyramid, selfAttnMask }: DeformableDecoderInputs,
  ): tf.Tensor3D {
    return tf.tidy(() => {
      const { shapes, keyPaddingMask } = pyramid;
      const selfAttended = this.selfAttn.forward(query, { queryPos, keyPos: queryPos, attnMask: selfAttnMask });
      const normed = this.norms.at(0).forward(selfAttended);
      const read = this.crossAttn.forward(normed, { value, queryPos, keyPaddingMask, referencePoints, shapes });
      return this.norms.at(2).forward(this.ffn.forward(this.norms.at(1).forward(read)));
    });
  }
}

/** Predicts the refinement of a box from the state after layer `layer`. */
export type Regressor = (state: tf.Tensor3D, layer: number) => tf.Tensor3D;

/** A layer of such a decoder. */
export interface DecoderLayer<Inputs> extends Module {
  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, referencePoints: tf.Tensor4D, inputs: Inputs): tf.Tensor3D;
}

export class DeformableDetrTransformerDecoder<
  Inputs extends DeformableDecoderInputs = DeformableDecoderInputs,
> extends Module {
  readonly embedDims: number;
  protected readonly layers: ModuleList<DecoderLayer<Inputs>>;

  constructor(
    { num_layers, layer_cfg, init_cfg }: z.output<typeof deformableDecoderOptions>,
    makeLayer: () => DecoderLayer<Inputs> = () => new DeformableDetrDecoderLayer(layer_cfg),
  ) {
    super();
    const layers = Array.from({ length: num_layers }, makeLayer);
    this.layers = this.addChild('layers', new ModuleList(layers));
    this.embedDims = layer_cfg.self_attn_cfg.embed_dims;
    applyInitCfg(this, init_cfg);
  }

  get numLayers(): number {
    return this.layers.length;
  }

  /** States after every layer, and the references before the first and after every layer. */
  forward(
    query: tf.Tensor3D,
    queryPos: tf.Tensor3D,
    references: tf.Tensor3D,
    inputs: Inputs,
    regress?: Regressor,
  ): { states: tf.Tensor3D[]; references: tf.Tensor3D[] } {
    const states: tf.Tensor3D[] = [];
    const all = [references];
    let [x, current] = [query, references];
    for (const [i, layer] of [...this.layers].entries()) {
      x = layer.forward(x, queryPos, onEveryLevel(current, inputs.pyramid.validRatios), inputs);
      // points become boxes with the first refinement
      if (regress)
        current = stopGradient(
          tf.sigmoid(
            addToFirst(
              exactly(() => regress(x, i)),
              inverseSigmoid(current),
            ),
          ),
        );
      states.push(x);
      all.push(current);
    }
    return { states, references: all };
  }
}
