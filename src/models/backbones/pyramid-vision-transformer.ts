// Pyramid Vision Transformer (Wang et al., ICCV 2021): a transformer whose stages halve the map, with attention to a smaller copy of
// it. Version 2 (CVMJ 2022) has overlapping patches and convolutions in its feed-forward layers in place of position embeddings.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import {
  actCfg,
  buildLayerNorm,
  Conv2d,
  type InitCfg,
  initCfg,
  type LayerNorm,
  Linear,
  layerNormCfg,
  Module,
  normal,
  truncatedNormal,
  zeros,
} from '../../nn';
import { AbsolutePositionEmbedding } from '../layers/absolute-position-embedding';
import { MixFFN } from '../layers/mix-ffn';
import { PatchEmbed } from '../layers/patch-embed';
import { SpatialReductionAttention } from '../layers/spatial-reduction-attention';
import type { Backbone, FeatureSpec } from '../types';
import { pretrainedOption, readPretrained } from './residual-options';

const rate = (standard: number, meaning: string) => z.number().min(0).lt(1).default(standard).describe(meaning);
const perStage = (standard: number[], meaning: string) =>
  z.array(z.int().min(0)).min(1).default(standard).describe(meaning);

const shared = {
  pretrain_img_size: z
    .int()
    .positive()
    .default(224)
    .describe('Image size of pretraining, by which position embeddings are laid out'),
  in_channels: z.int().positive().default(3).describe('Channels of the input image'),
  embed_dims: z.int().positive().default(64).describe('Channels per attention head'),
  num_stages: z.int().positive().default(4).describe('Number of stages'),
  num_layers: perStage([3, 4, 6, 3], 'Layers of each stage'),
  num_heads: perStage([1, 2, 5, 8], 'Attention heads of each stage'),
  strides: perStage([4, 2, 2, 2], 'Stride of the patches of each stage'),
  sr_ratios: perStage([8, 4, 2, 1], 'Side of the squares of the map that become one key, in each stage'),
  out_indices: z.array(z.int().min(0)).min(1).default([0, 1, 2, 3]).describe('Indices of the stages returned'),
  mlp_ratios: perStage([8, 8, 4, 4], 'Hidden over input channels of the feed-forward layers of each stage'),
  qkv_bias: z.boolean().default(true).describe('Bias of queries, keys and values'),
  drop_rate: rate(0, 'Dropout'),
  attn_drop_rate: rate(0, 'Dropout of attention weights'),
  drop_path_rate: rate(0.1, 'Stochastic depth of the last layer; it grows from 0 at the first'),
  act_cfg: actCfg.default({ type: 'GELU' }).describe('Activation of the feed-forward layers'),
  norm_cfg: layerNormCfg.default({ type: 'LN', eps: 1e-6 }).describe('Normalisation type'),
  pretrained: pretrainedOption,
  convert_weights: ignoredOption("the names of a checkpoint must be MMDetection's", {
    schema: z.boolean().default(true),
  }),
  init_cfg: z
    .union([z.strictObject({ checkpoint: z.string() }), initCfg])
    .nullable()
    .default(null)
    .describe('{ checkpoint }: file of pretrained weights; null: truncated normal'),
};
const variants = {
  patch_sizes: perStage([4, 2, 2, 2], 'Patch size of each stage'),
  paddings: perStage([0, 0, 0, 0], 'Padding before the patches of each stage'),
  use_abs_pos_embed: z.boolean().default(true).describe('Learned position embeddings, resized to each image'),
  norm_after_stage: z.boolean().default(false).describe('Norm after each stage'),
  use_conv_ffn: z.boolean().default(false).describe('Depthwise 3x3 convolution in the feed-forward layers'),
};
const options = z.strictObject({ ...shared, ...variants });
const v2Options = z.strictObject(shared);
export type PyramidVisionTransformerOptions = z.output<typeof options>;

class PVTLayer extends Module {
  private readonly norm1: LayerNorm;
  private readonly attn: SpatialReductionAttention;
  private readonly norm2: LayerNorm;
  private readonly ffn: MixFFN;

  constructor(o: PyramidVisionTransformerOptions, stage: number, dropPath: number) {
    super();
    const heads = o.num_heads[stage];
    const channels = o.embed_dims * heads;
    const { norm_cfg: normCfg, drop_rate: drop, attn_drop_rate: attnDrop, qkv_bias: qkvBias } = o;
    this.norm1 = this.addChild('norm1', buildLayerNorm(normCfg, channels));
    const reading = { channels, heads, reduction: o.sr_ratios[stage], qkvBias, attnDrop, drop, dropPath, normCfg };
    this.attn = this.addChild('attn', new SpatialReductionAttention(reading));
    this.norm2 = this.addChild('norm2', buildLayerNorm(normCfg, channels));
    const widths = { embedDims: channels, feedforwardChannels: o.mlp_ratios[stage] * channels };
    const ffn = new MixFFN({ ...widths, actCfg: o.act_cfg, drop, dropPath, useConv: o.use_conv_ffn });
    this.ffn = this.addChild('ffn', ffn);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.attn.forward(this.norm1.forward(x), x);
      return this.ffn.forward(this.norm2.forward(y), y);
    });
  }
}

interface Stage {
  patches: PatchEmbed;
  layers: (AbsolutePositionEmbedding | PVTLayer)[];
  norm?: LayerNorm;
}

/**
 * @example new PyramidVisionTransformer(pyramidVisionTransformer.options.parse({})).forward(images) // 64, 128, 320, 512 channels
 */
export class PyramidVisionTransformer extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly stages: Stage[] = [];

  constructor(private readonly options: PyramidVisionTransformerOptions) {
    super();
    const { num_layers, embed_dims, strides, patch_sizes, norm_cfg: normCfg } = options;
    const total = num_layers.reduce((sum, n) => sum + n, 0);
    let [inChannels, stride, depth, patch] = [options.in_channels, 1, 0, 1];
    for (const [i, count] of num_layers.entries()) {
      const channels = embed_dims * options.num_heads[i];
      const at = (name: string) => `layers.${i}.${name}`;
      const cut = { kernelSize: patch_sizes[i], stride: strides[i], padding: options.paddings[i], bias: true };
      const patches = this.addChild(at('0'), new PatchEmbed({ inChannels, embedDims: channels, ...cut, normCfg }));
      patch *= patch_sizes[i];
      const side = Math.floor(options.pretrain_img_size / patch);
      const layers: Stage['layers'] = options.use_abs_pos_embed
        ? [new AbsolutePositionEmbedding([side, side], channels, options.drop_rate)]
        : [];
      for (let k = 0; k < count; k++)
        layers.push(new PVTLayer(options, i, (options.drop_path_rate * depth++) / Math.max(total - 1, 1)));
      for (const [k, layer] of layers.entries()) this.addChild(at(`1.${k}`), layer);
      const norm = options.norm_after_stage ? this.addChild(at('2'), buildLayerNorm(normCfg, channels)) : undefined;
      this.stages.push({ patches, layers, norm });
      stride *= strides[i];
      inChannels = channels;
      if (options.out_indices.includes(i)) this.outputs.push({ channels, stride });
    }
    this.initialize();
  }

  private initialize(): void {
    for (const [, part] of this.modules()) {
      if (part instanceof Linear) part.weight.initializer = truncatedNormal(0.02);
      if (part instanceof Conv2d) {
        const [kh, kw, , out] = part.weight.variable.shape;
        // of a depthwise convolution the group has one output
        const fanOut = Math.floor((kh * kw * out) / (part.weight.variable.shape[2] === 1 && out > 1 ? out : 1));
        part.weight.initializer = normal(Math.sqrt(2 / fanOut));
      }
      if ((part instanceof Linear || part instanceof Conv2d) && part.bias) part.bias.initializer = zeros;
    }
  }

  /** [N, H, W, 3] -> the outputs of the stages `out_indices`, finest first. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      const outputs: tf.Tensor4D[] = [];
      let y = x;
      for (const [i, { patches, layers, norm }] of this.stages.entries()) {
        y = layers.reduce((z, layer) => layer.forward(z), patches.forward(y));
        if (norm) y = norm.forward(y);
        if (this.options.out_indices.includes(i)) outputs.push(y);
      }
      return outputs;
    });
  }
}

/** @throws DetLabError where lists of stages differ in length */
function checked(type: string, given: PyramidVisionTransformerOptions, path: string): PyramidVisionTransformerOptions {
  const { init_cfg } = given;
  // MMDetection's configs leave out the type
  const start = init_cfg && 'checkpoint' in init_cfg ? { ...init_cfg, type: 'Pretrained' as const } : init_cfg;
  const o = readPretrained(type, { ...given, init_cfg: start as InitCfg | InitCfg[] | null });
  const { num_stages: stages, out_indices } = o;
  const fail = (what: string) => {
    throw new DetLabError(`Cannot build backbone "${type}"${path ? ` at ${path}` : ''}: ${what}`);
  };
  for (const name of ['num_layers', 'num_heads', 'strides', 'sr_ratios', 'patch_sizes'] as const)
    if (o[name].length !== stages)
      fail(`expected ${stages} entries in ${name} (num_stages), received ${o[name].length}`);
  for (const name of ['mlp_ratios', 'paddings'] as const)
    if (o[name].length < stages) fail(`expected ${stages} entries in ${name} (num_stages), received ${o[name].length}`);
  const beyond = out_indices.find((i) => i >= stages);
  if (beyond !== undefined) fail(`out_indices names stage ${beyond}, but num_stages is ${stages}`);
  return o;
}

/** What version 2 sets. */
const V2 = {
  patch_sizes: [7, 3, 3, 3],
  paddings: [3, 1, 1, 1],
  use_abs_pos_embed: false,
  norm_after_stage: true,
  use_conv_ffn: true,
};
const shapes = '[N, H, W, 3] -> [N, H/4, W/4, 64], [N, H/8, W/8, 128], [N, H/16, W/16, 320], [N, H/32, W/32, 512]';

export const pyramidVisionTransformer = defineModule({
  kind: 'backbone',
  type: 'PyramidVisionTransformer',
  summary: 'Transformer in four stages with attention to a reduced map.',
  paper: 'Wang et al., Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction, ICCV 2021',
  shapes,
  example: "{ type: 'PyramidVisionTransformer', num_layers: [2, 2, 2, 2] }",
  options,
  infer: (o, { path }) => checked('PyramidVisionTransformer', o, path),
  build: (o) => new PyramidVisionTransformer(o),
});

export const pyramidVisionTransformerV2 = defineModule({
  kind: 'backbone',
  type: 'PyramidVisionTransformerV2',
  summary: 'Pyramid transformer with overlapping patches and convolutional feed-forward layers.',
  paper: 'Wang et al., PVT v2: Improved Baselines with Pyramid Vision Transformer, CVMJ 2022',
  shapes,
  example: "{ type: 'PyramidVisionTransformerV2', embed_dims: 32, num_layers: [2, 2, 2, 2] }",
  options: v2Options,
  infer: (o, { path }) => {
    const { patch_sizes, paddings, use_abs_pos_embed, norm_after_stage, use_conv_ffn, ...rest } = checked(
      'PyramidVisionTransformerV2',
      { ...o, ...V2, patch_sizes: V2.patch_sizes.slice(0, o.num_stages) },
      path,
    );
    return rest;
  },
  build: (o) => new PyramidVisionTransformer({ ...o, ...V2, patch_sizes: V2.patch_sizes.slice(0, o.num_stages) }),
});
