// One layer of a vision transformer (Dosovitskiy et al., ICLR 2021; MMPretrain's names): norm, attention over all patches,
// norm, feed-forward layers, with shortcuts around both.

import * as tf from '@tensorflow/tfjs';
import { Dropout } from '../../nn/dropout';
import { normal, xavier } from '../../nn/initializers';
import { buildLayerNorm, type LayerNorm, type LayerNormCfg } from '../../nn/layer-norm';
import type { ActCfg } from '../../nn/layer-options';
import { LayerScale } from '../../nn/layer-scale';
import { Linear } from '../../nn/linear';
import { Module } from '../../nn/module';
import { stepRandom } from '../../nn/step-random';
import { attention } from '../../ops/attention';
import { FFN } from './ffn';

export interface ViTLayerConfig {
  embedDims: number;
  numHeads: number;
  feedforwardChannels: number;
  layerScaleInitValue?: number;
  dropRate?: number;
  attnDropRate?: number;
  dropPathRate?: number;
  numFcs?: number;
  qkvBias?: boolean;
  actCfg?: ActCfg;
  normCfg: LayerNormCfg;
}

/** Self-attention without a shortcut: `qkv`, `proj`, perhaps `gamma1`. */
class SelfAttention extends Module {
  private readonly qkv: Linear;
  private readonly proj: Linear;
  private readonly projDrop: Dropout;
  private readonly outDrop: Dropout;
  private readonly gamma?: LayerScale;

  constructor(private readonly config: ViTLayerConfig) {
    super();
    const { embedDims, qkvBias = true, dropRate = 0, dropPathRate = 0, layerScaleInitValue: scale = 0 } = config;
    const linear = (outFeatures: number, bias: boolean) => new Linear({ inFeatures: embedDims, outFeatures, bias });
    this.qkv = this.addChild('qkv', linear(3 * embedDims, qkvBias));
    this.proj = this.addChild('proj', linear(embedDims, true));
    this.projDrop = this.addChild('proj_drop', new Dropout({ type: 'Dropout', drop_prob: dropRate }));
    this.outDrop = this.addChild('out_drop', new Dropout({ type: 'DropPath', drop_prob: dropPathRate }));
    if (scale > 0) this.gamma = this.addChild('gamma1', new LayerScale({ channels: embedDims, scale }));
  }

  forward(x: tf.Tensor3D): tf.Tensor3D {
    const { numHeads: heads, attnDropRate = 0 } = this.config;
    const [q, k, v] = tf.split<tf.Tensor3D>(this.qkv.forward(x), 3, 2);
    const dropout = this.training ? attnDropRate : 0;
    const seed = dropout > 0 ? stepRandom().uint32() >>> 1 : 0;
    const y = this.projDrop.forward(this.proj.forward(attention(q, k, v, { heads, dropout, seed })));
    return this.outDrop.forward(this.gamma ? this.gamma.forward(y) : y);
  }
}

/**
 * @example new ViTLayer({ embedDims: 192, numHeads: 3, feedforwardChannels: 768, normCfg: { type: 'LN' } }).forward(tokens)
 */
export class ViTLayer extends Module {
  private readonly ln1: LayerNorm;
  private readonly attn: SelfAttention;
  private readonly ln2: LayerNorm;
  private readonly ffn: FFN;

  constructor(config: ViTLayerConfig) {
    super();
    const { embedDims, feedforwardChannels, normCfg, numFcs, layerScaleInitValue } = config;
    this.ln1 = this.addChild('ln1', buildLayerNorm(normCfg, embedDims));
    this.attn = this.addChild('attn', new SelfAttention(config));
    this.ln2 = this.addChild('ln2', buildLayerNorm(normCfg, embedDims));
    const ffn = new FFN({
      ...{ embedDims, feedforwardChannels, numFcs, layerScaleInitValue },
      actCfg: config.actCfg ?? { type: 'GELU' },
      ffnDrop: config.dropRate,
      dropoutLayer: { type: 'DropPath', drop_prob: config.dropPathRate ?? 0 },
    });
    this.ffn = this.addChild('ffn', ffn);
    this.initializeItself();
  }

  /** The feed-forward layers' own start, which no init_cfg of the network around them changes. */
  initializeItself(): void {
    for (const [, part] of this.ffn.modules())
      if (part instanceof Linear) {
        part.weight.initializer = xavier();
        if (part.bias) part.bias.initializer = normal(1e-6);
      }
  }

  /** [N, L, C] -> the same shape. */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      const y: tf.Tensor3D = tf.add(x, this.attn.forward(this.ln1.forward(x)));
      return this.ffn.forward(this.ln2.forward(y), y);
    });
  }
}
