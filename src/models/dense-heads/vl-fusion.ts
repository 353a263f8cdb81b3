// What GLIP predicts from pixels and words (Li et al., CVPR 2022): a dynamic head over the pyramid, between whose layers pixels and
// words are fused where `early_fuse` is set, and pixels scored against words. MMDetection limits the scores to 50000, for half
// precision alone.

import * as tf from '@tensorflow/tfjs';
import { Linear, ModuleList, Scale, zeros } from '../../nn';
import { Conv2d } from '../../nn/conv2d';
import { constant } from '../../nn/initializers';
import { Module, type Parameter } from '../../nn/module';
import type { BertConfig } from '../../text/bert-config';
import { BertLayer } from '../language-models/bert-layer';
import type { LanguageFeatures } from '../language-models/bert-model';
import { BiAttentionBlock } from '../layers/bi-attention';
import { DyConv } from '../layers/dy-conv';

export interface VLFusionConfig {
  channels: number;
  levels: number;
  blocks: number;
  earlyFuse: boolean;
  text: BertConfig;
}

/** Bound of the activations of the words between fusions. */
const LIMIT = 50000;
const MASKED = -1e9;

/** The fusion of pixels and words, one level down in the names. */
class VLFuse extends Module {
  readonly attention: BiAttentionBlock;

  constructor(v_dim: number, l_dim: number) {
    super();
    const options = { v_dim, l_dim, embed_dim: 2048, num_heads: 8, dropout: 0.1, drop_path: 0, init_values: 1 / 6 };
    this.attention = this.addChild('b_attn', new BiAttentionBlock(options));
  }
}

interface Features {
  levels: tf.Tensor4D[];
  /** [B, T, L]. */
  words: tf.Tensor3D;
}

export class VLFusion extends Module {
  private readonly logScale: Parameter;
  private readonly wordBias: Parameter;
  private readonly bias: Parameter;
  private readonly tower: { fuse?: VLFuse; text?: BertLayer; pixels: DyConv }[];
  private readonly boxes: Conv2d;
  private readonly center: Conv2d;
  private readonly projection: Linear;
  private readonly scales: ModuleList<Scale>;

  constructor(private readonly config: VLFusionConfig) {
    super();
    const { channels, levels, blocks, earlyFuse, text } = config;
    this.logScale = this.addParameter('log_scale', [1], zeros);
    this.wordBias = this.addParameter('bias_lang', [text.hidden_size], zeros);
    this.bias = this.addParameter('bias0', [1], constant(-Math.log(99)));
    const parts = this.addChild('dyhead_tower', new ModuleList<Module>());
    this.tower = Array.from({ length: blocks }, () => {
      const fusion = earlyFuse && {
        fuse: parts.push(new VLFuse(channels, text.hidden_size)) as VLFuse,
        text: parts.push(new BertLayer(text, { limit: LIMIT })) as BertLayer,
      };
      return { ...fusion, pixels: parts.push(new DyConv(channels)) as DyConv };
    });
    const point = (outChannels: number) => new Conv2d({ inChannels: channels, outChannels, kernelSize: 1 });
    this.boxes = this.addChild('bbox_pred', point(4));
    this.center = this.addChild('centerness', point(1));
    const projection = new Linear({ inFeatures: text.hidden_size, outFeatures: channels });
    this.projection = this.addChild('dot_product_projection_text', projection);
    this.scales = this.addChild('scales', new ModuleList(Array.from({ length: levels }, () => new Scale())));
  }

  /** Of each level, logits of the words [N, H, W, T], deltas and centerness. */
  forward(features: tf.Tensor4D[], text: LanguageFeatures) {
    const { levels, words } = this.fused(features, text);
    const tokens = tf.tidy(() => {
      const read = this.config.earlyFuse ? words : text.embedded;
      // words that are padding have length 0, whose root has no gradient
      const length = tf.sqrt(tf.maximum(tf.sum(tf.square(read), 2, true), 1e-24));
      const unit = tf.div<tf.Tensor3D>(read, length);
      const projected = this.projection.forward(tf.div<tf.Tensor3D>(unit, 2)); // [B, T, C]
      const [batch, count, width] = unit.shape;
      const bias = tf.matMul(
        unit.reshape<tf.Tensor2D>([-1, width]),
        this.wordBias.variable.reshape<tf.Tensor2D>([width, 1]),
      );
      return { projected, bias: tf.add(bias, this.bias.variable).reshape<tf.Tensor3D>([batch, 1, count]) };
    });
    return levels.map((x, i) => ({
      scores: this.logits(x, tokens),
      deltas: this.scales.at(i).forward(this.boxes.forward(x)),
      centerness: this.center.forward(x),
    }));
  }

  private logits(x: tf.Tensor4D, { projected, bias }: { projected: tf.Tensor3D; bias: tf.Tensor3D }): tf.Tensor4D {
    return tf.tidy(() => {
      const [n, h, w, c] = x.shape;
      const products = tf.matMul(x.reshape<tf.Tensor3D>([n, h * w, c]), projected, false, true);
      const logits = tf.add(tf.div(products, tf.exp(this.logScale.variable)), bias);
      return logits.reshape<tf.Tensor4D>([n, h, w, projected.shape[1]]);
    });
  }

  private fused(features: tf.Tensor4D[], { hidden, present, batch, length }: LanguageFeatures): Features {
    const absent = Float32Array.from(present, (v) => 1 - v);
    const words = tf.tensor2d(absent, [batch, length]);
    const mask = tf.mul(words, MASKED).reshape<tf.Tensor4D>([batch, 1, 1, length]);
    return this.tower.reduce<Features>(
      (before, { fuse, text, pixels }) => {
        let { levels, words: tokens } = before;
        if (fuse && text) {
          const fused = fuse.attention.forward(sequenceOf(levels), tokens, { words });
          levels = levelsOf(fused.pixels, levels);
          tokens = text.forward(fused.words, mask);
        }
        return { levels: pixels.forward(levels), words: tokens };
      },
      { levels: features, words: hidden },
    );
  }
}

/** Maps [N, H, W, C] of all levels as one sequence of pixels. */
const sequenceOf = (levels: readonly tf.Tensor4D[]): tf.Tensor3D =>
  tf.concat(
    levels.map((x) => x.reshape<tf.Tensor3D>([x.shape[0], -1, x.shape[3]])),
    1,
  );

function levelsOf(pixels: tf.Tensor3D, like: readonly tf.Tensor4D[]): tf.Tensor4D[] {
  const counts = like.map(({ shape: [, h, w] }) => h * w);
  return tf.split<tf.Tensor3D>(pixels, counts, 1).map((part, i) => part.reshape(like[i].shape));
}
