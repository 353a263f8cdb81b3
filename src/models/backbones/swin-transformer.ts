// Swin Transformer (Liu et al., ICCV 2021): a vision transformer in four stages with attention inside windows, shifted
// by half a window in every second block. Maps stay [N, H, W, C] throughout; every output passes a norm.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Dropout } from '../../nn/dropout';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { truncatedNormal, zeros } from '../../nn/initializers';
import { buildLayerNorm, type LayerNorm, layerNormCfg } from '../../nn/layer-norm';
import { actCfg } from '../../nn/layer-options';
import { Linear } from '../../nn/linear';
import { Module, type Parameter } from '../../nn/module';
import { FFN } from '../layers/ffn';
import { PatchEmbed } from '../layers/patch-embed';
import { PatchMerging } from '../layers/patch-merging';
import { WindowAttention } from '../layers/window-attention';
import type { Backbone, FeatureSpec } from '../types';
import { pretrainedOption, readPretrained, withCp } from './residual-options';

const rate = (standard: number, meaning: string) => z.number().min(0).lt(1).default(standard).describe(meaning);
const counts = (standard: number[], meaning: string) =>
  z.array(z.int().positive()).min(1).default(standard).describe(meaning);

const options = z.strictObject({
  pretrain_img_size: z
    .union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])])
    .default(224)
    .describe('Image size of pretraining; with use_abs_pos_embed the size of all images'),
  in_channels: z.int().positive().default(3).describe('Channels of the input image'),
  embed_dims: z.int().positive().default(96).describe('Channels of the first stage, doubled in each further stage'),
  patch_size: z.int().positive().default(4).describe('Patch size in pixels'),
  window_size: z.int().positive().default(7).describe('Window size in patches'),
  mlp_ratio: z
    .number()
    .positive()
    .default(4)
    .describe('MLP ratio: hidden over input channels of the feed-forward network'),
  depths: counts([2, 2, 6, 2], 'Blocks of each stage'),
  num_heads: counts([3, 6, 12, 24], 'Attention heads of each stage'),
  strides: counts([4, 2, 2, 2], 'Stride of the patches, then of each patch merging'),
  out_indices: z.array(z.int().min(0)).min(1).default([0, 1, 2, 3]).describe('Indices of the stages returned'),
  qkv_bias: z.boolean().default(true).describe('Bias of queries, keys and values'),
  qk_scale: z.number().nullable().default(null).describe('Factor of the scores; null: 1 / sqrt(channels of a head)'),
  patch_norm: z.boolean().default(true).describe('Norm after the patch embedding and in patch merging'),
  drop_rate: rate(0, 'Dropout'),
  attn_drop_rate: rate(0, 'Dropout of attention weights'),
  drop_path_rate: rate(0.1, 'Stochastic depth of the last block; it grows from 0 at the first'),
  use_abs_pos_embed: z
    .boolean()
    .default(false)
    .describe('Learned absolute position embedding; all images then have one size'),
  act_cfg: actCfg.default({ type: 'GELU' }).describe('Activation of the feed-forward layers'),
  norm_cfg: layerNormCfg.default({ type: 'LN' }).describe('Normalisation type'),
  with_cp: withCp,
  pretrained: pretrainedOption,
  convert_weights: ignoredOption("the names of a checkpoint must be MMDetection's", {
    schema: z.boolean().default(false),
  }),
  frozen_stages: z
    .int()
    .min(-1)
    .default(-1)
    .describe('Freezes the patch embedding (0) and the first n stages; -1: nothing'),
  init_cfg: initCfg.nullable().default(null).describe('Weight initialisation; null: truncated normal'),
});
export type SwinTransformerOptions = z.output<typeof options>;

class SwinBlock extends Module {
  private readonly norm1: LayerNorm;
  private readonly attn: WindowAttention;
  private readonly norm2: LayerNorm;
  private readonly ffn: FFN;

  constructor(o: SwinTransformerOptions, channels: number, numHeads: number, shifted: boolean, dropPathRate: number) {
    super();
    this.norm1 = this.addChild('norm1', buildLayerNorm(o.norm_cfg, channels));
    const attention = new WindowAttention({
      embedDims: channels,
      numHeads,
      windowSize: o.window_size,
      shiftSize: shifted ? Math.floor(o.window_size / 2) : 0,
      qkvBias: o.qkv_bias,
      qkScale: o.qk_scale,
      attnDropRate: o.attn_drop_rate,
      projDropRate: o.drop_rate,
      dropPathRate,
    });
    this.attn = this.addChild('attn', attention);
    this.norm2 = this.addChild('norm2', buildLayerNorm(o.norm_cfg, channels));
    const ffn = new FFN({
      embedDims: channels,
      feedforwardChannels: Math.floor(o.mlp_ratio * channels),
      actCfg: o.act_cfg,
      ffnDrop: o.drop_rate,
      dropoutLayer: { type: 'DropPath', drop_prob: dropPathRate },
    });
    this.ffn = this.addChild('ffn', ffn);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y: tf.Tensor4D = tf.add(x, this.attn.forward(this.norm1.forward(x)));
      return this.ffn.forward(this.norm2.forward(y), y);
    });
  }
}

class SwinStage extends Module {
  private readonly blocks: SwinBlock[];
  private readonly downsample?: PatchMerging;

  constructor(blocks: SwinBlock[], downsample?: PatchMerging) {
    super();
    this.blocks = blocks;
    for (const [i, block] of blocks.entries()) this.addChild(`blocks.${i}`, block);
    if (downsample) this.downsample = this.addChild('downsample', downsample);
  }

  /** What the stage puts out, and what the next one reads. */
  forward(x: tf.Tensor4D): [tf.Tensor4D, tf.Tensor4D] {
    const out = this.blocks.reduce((y, block) => block.forward(y), x);
    return [out, this.downsample ? this.downsample.forward(out) : out];
  }
}

/**
 * @example new SwinTransformer(swinTransformer.options.parse({})).forward(images) // 96, 192, 384, 768 channels
 */
export class SwinTransformer extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly position?: Parameter;
  private readonly patches: PatchEmbed;
  private readonly drop: Dropout;
  private readonly stages: SwinStage[] = [];
  private readonly norms = new Map<number, LayerNorm>();

  constructor(private readonly options: SwinTransformerOptions) {
    super();
    const { embed_dims, patch_size, depths, num_heads, strides, norm_cfg, patch_norm, out_indices } = options;
    const normCfg = patch_norm ? norm_cfg : null;
    if (options.use_abs_pos_embed) {
      const [height, width] = [options.pretrain_img_size].flat().map((side) => Math.floor(side / patch_size));
      const count = height * (width ?? height);
      this.position = this.addParameter('absolute_pos_embed', [1, count, embed_dims], truncatedNormal(0.02));
    }
    const patches = { inChannels: options.in_channels, embedDims: embed_dims, kernelSize: patch_size };
    this.patches = this.addChild('patch_embed', new PatchEmbed({ ...patches, stride: strides[0], normCfg }));
    this.drop = this.addChild('drop_after_pos', new Dropout({ type: 'Dropout', drop_prob: options.drop_rate }));
    const total = depths.reduce((a, b) => a + b, 0);
    let [block, stride] = [0, 1];
    for (const [i, depth] of depths.entries()) {
      const channels = embed_dims * 2 ** i;
      stride *= strides[i];
      const blocks = Array.from({ length: depth }, (_, k) => {
        const dropPath = total > 1 ? (options.drop_path_rate * block++) / (total - 1) : 0;
        return new SwinBlock(options, channels, num_heads[i], k % 2 === 1, dropPath);
      });
      const merge = { inChannels: channels, outChannels: 2 * channels, stride: strides[i + 1], normCfg };
      const last = i === depths.length - 1;
      this.stages.push(this.addChild(`stages.${i}`, new SwinStage(blocks, last ? undefined : new PatchMerging(merge))));
      if (out_indices.includes(i)) this.outputs.push({ channels, stride });
    }
    for (const i of out_indices)
      this.norms.set(i, this.addChild(`norm${i}`, buildLayerNorm(norm_cfg, embed_dims * 2 ** i)));
    if (options.init_cfg) applyInitCfg(this, options.init_cfg);
    else
      for (const [, part] of this.modules())
        if (part instanceof Linear) {
          part.weight.initializer = truncatedNormal(0.02);
          if (part.bias) part.bias.initializer = zeros;
        }
    this.freezeStages();
  }

  private freezeStages(): void {
    const { frozen_stages } = this.options;
    if (frozen_stages < 0) return;
    this.patches.freeze();
    this.drop.freeze();
    if (this.position) this.position.requiresGrad = false;
    for (let i = 0; i < frozen_stages; i++) {
      this.stages[i].freeze();
      this.norms.get(i)?.freeze();
    }
  }

  /** [N, H, W, 3] -> one map per stage of `out_indices`. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      let y = this.patches.forward(x);
      if (this.position) y = tf.add(y, this.positions(y));
      y = this.drop.forward(y);
      const outputs: tf.Tensor4D[] = [];
      for (const [i, stage] of this.stages.entries()) {
        const [out, next] = stage.forward(y);
        const norm = this.norms.get(i);
        if (norm) outputs.push(norm.forward(out));
        y = next;
      }
      return outputs;
    });
  }

  private positions({ shape: [, h, w, c] }: tf.Tensor4D): tf.Tensor4D {
    const { variable } = this.position!;
    if (variable.shape[1] !== h! * w!)
      throw new DetLabError(
        `Cannot add the position embedding of ${variable.shape[1]} patches to ${h} x ${w} patches: with use_abs_pos_embed ` +
          'images must have the size pretrain_img_size',
      );
    return variable.reshape([1, h, w, c]);
  }
}

export const swinTransformer = defineModule({
  kind: 'backbone',
  type: 'SwinTransformer',
  summary: 'Hierarchical vision transformer with attention in shifted windows.',
  paper: 'Liu, Lin, Cao, Hu, Wei, Zhang, Lin and Guo: Swin Transformer, ICCV 2021',
  shapes: '[N, H, W, 3] -> [N, H/4, W/4, 96], [N, H/8, W/8, 192], [N, H/16, W/16, 384], [N, H/32, W/32, 768]',
  example: "{ type: 'SwinTransformer', embed_dims: 96, depths: [2, 2, 6, 2], num_heads: [3, 6, 12, 24] }",
  options,
  infer(given, { path }) {
    const o = readPretrained('SwinTransformer', given);
    const fail = (what: string) => {
      throw new DetLabError(`Cannot build backbone "SwinTransformer"${path ? ` at ${path}` : ''}: ${what}`);
    };
    const stages = o.depths.length;
    if (o.strides[0] !== o.patch_size) fail(`strides[0] is ${o.strides[0]}, expected patch_size, ${o.patch_size}`);
    if (o.num_heads.length < stages || o.strides.length < stages)
      fail(`depths has ${stages} stages, num_heads ${o.num_heads.length} and strides ${o.strides.length}`);
    const beyond = o.out_indices.find((i) => i >= stages);
    if (beyond !== undefined) fail(`out_indices names stage ${beyond}, but there are stages 0 to ${stages - 1}`);
    if (o.frozen_stages > stages) fail(`frozen_stages is ${o.frozen_stages}, but there are ${stages} stages`);
    return o;
  },
  build: (o) => new SwinTransformer(o),
});
