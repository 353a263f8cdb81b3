// Options of the VisionTransformer: MMPretrain's, and the two former ones of MMClassification.

import { z } from 'zod';
import { DetLabError } from '../../errors';
import { initCfg } from '../../nn/init-cfg';
import { layerNormCfg } from '../../nn/layer-norm';
import { actCfg } from '../../nn/layer-options';

const archSizes = z.strictObject({
  embed_dims: z.int().positive().describe('Channels'),
  num_layers: z.int().positive().describe('Number of layers'),
  num_heads: z.int().positive().describe('Number of attention heads'),
  feedforward_channels: z.int().positive().describe('Hidden channels of the feed-forward network'),
});
type ArchSizes = z.output<typeof archSizes>;

const sizes = (embed_dims: number, num_layers: number, num_heads: number, feedforward_channels: number): ArchSizes => ({
  ...{ embed_dims, num_layers, num_heads, feedforward_channels },
});
const small = sizes(768, 8, 8, 2304);
const base = sizes(768, 12, 12, 3072);
const large = sizes(1024, 24, 16, 4096);
const huge = sizes(1280, 32, 16, 5120);
const evaGiant = sizes(1408, 40, 16, 6144);
const deitTiny = sizes(192, 12, 3, 768);
const deitSmall = sizes(384, 12, 6, 1536);
const ARCHITECTURES: Record<string, ArchSizes> = {
  ...{ s: small, small, b: base, base, l: large, large, h: huge, huge, 'eva-g': evaGiant, 'eva-giant': evaGiant },
  ...{ 'deit-t': deitTiny, 'deit-tiny': deitTiny, 'deit-s': deitSmall, 'deit-small': deitSmall },
  ...{ 'dinov2-s': deitSmall, 'dinov2-small': deitSmall, 'deit-b': base, 'deit-base': base },
};
const NAMES = Object.keys(ARCHITECTURES).join(', ');

/** Sizes of each named `arch`. */
export const archOf = (arch: string | ArchSizes): ArchSizes =>
  typeof arch === 'string' ? ARCHITECTURES[arch.toLowerCase()] : arch;

const rate = (meaning: string) => z.number().min(0).lt(1).default(0).describe(meaning);

const layerOptions = z.strictObject({
  num_heads: z.int().positive().optional().describe('Number of attention heads'),
  feedforward_channels: z.int().positive().optional().describe('Hidden channels of the feed-forward network'),
  layer_scale_init_value: z.number().min(0).optional().describe('Initial layer scale (factor per channel); 0: none'),
  drop_rate: z.number().min(0).lt(1).optional().describe('Dropout'),
  attn_drop_rate: z.number().min(0).lt(1).optional().describe('Dropout of attention weights'),
  drop_path_rate: z.number().min(0).lt(1).optional().describe('Stochastic depth'),
  num_fcs: z.int().min(2).optional().describe('Feed-forward layers (2)'),
  qkv_bias: z.boolean().optional().describe('Bias of queries, keys and values'),
  ffn_type: z.literal('origin').optional().describe("Kind of feed-forward layers; only 'origin'"),
  act_cfg: actCfg.optional().describe('Activation of the feed-forward layers (GELU)'),
  norm_cfg: layerNormCfg.optional().describe('Normalisation type'),
});

export const vitOptions = z.strictObject({
  arch: z
    .union([z.string().refine((name) => name.toLowerCase() in ARCHITECTURES, `expected one of ${NAMES}`), archSizes], {
      error: `expected one of ${NAMES}, or { embed_dims, num_layers, num_heads, feedforward_channels }`,
    })
    .default('base')
    .describe(`${NAMES}, or sizes of one's own`),
  img_size: z
    .union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])])
    .default(224)
    .describe('Image size of the position embedding; it is resized for other sizes'),
  patch_size: z.int().positive().default(16).describe('Patch size in pixels'),
  in_channels: z.int().positive().default(3).describe('Channels of the input image'),
  out_indices: z
    .union([z.int(), z.array(z.int()).min(1)])
    .default(-1)
    .describe('Indices of the layers returned; -1 is the last'),
  drop_rate: rate('Dropout'),
  drop_path_rate: rate('Stochastic depth of the last layer; it grows from 0 at the first'),
  qkv_bias: z.boolean().default(true).describe('Bias of queries, keys and values'),
  norm_cfg: layerNormCfg.default({ type: 'LN', eps: 1e-6 }).describe('Normalisation type'),
  final_norm: z.boolean().default(true).describe('Norm after the last layer'),
  out_type: z
    .enum(['cls_token', 'featmap', 'avg_featmap', 'raw'])
    .optional()
    .describe("What comes out: 'featmap' for detectors; 'cls_token', 'avg_featmap' or 'raw' for other uses"),
  with_cls_token: z
    .boolean()
    .default(true)
    .describe('A class token goes through the layers; with output_cls_token given it exists in any case'),
  output_cls_token: z
    .literal(false, { error: 'expected false: a detector reads maps, not the class token' })
    .optional()
    .describe("Former option of MMClassification, must be false: out_type is then 'featmap'"),
  avg_token: z
    .literal(false, { error: "expected false: a detector reads maps; for other uses out_type: 'avg_featmap'" })
    .optional()
    .describe('Former option of MMClassification, must be false'),
  frozen_stages: z.int().min(-1).default(-1).describe('Freeze the embeddings and the first n layers; -1 and 0: none'),
  interpolate_mode: z
    .enum(['nearest', 'bilinear', 'bicubic'])
    .default('bicubic')
    .describe('Interpolation of the position embedding'),
  layer_scale_init_value: z.number().min(0).default(0).describe('Initial layer scale (factor per channel); 0: none'),
  patch_cfg: z
    .strictObject({
      kernel_size: z.int().positive().optional().describe('Side of a patch (patch_size)'),
      stride: z.int().positive().optional().describe('Pixels between two patches (patch_size)'),
      padding: z
        .union([z.enum(['corner', 'same']), z.int().min(0)])
        .optional()
        .describe("Where zeros fill the last patch, or how many go on every side ('corner')"),
      bias: z.boolean().optional().describe('Bias of the convolution'),
      norm_cfg: layerNormCfg.nullable().optional().describe('Norm after it'),
    })
    .default({})
    .describe('Options of the patch embedding'),
  layer_cfgs: z
    .union([layerOptions, z.array(layerOptions)])
    .default({})
    .describe('Options of all layers, or of each'),
  pre_norm: z.boolean().default(false).describe('Norm before the first layer'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: MMPretrain's own"),
});
export type VisionTransformerOptions = z.output<typeof vitOptions>;

/** @throws DetLabError when layers, outputs and tokens do not go together. */
export function checkVit(o: VisionTransformerOptions, path: string): VisionTransformerOptions {
  const fail = (what: string) => {
    throw new DetLabError(`Cannot build backbone "VisionTransformer"${path ? ` at ${path}` : ''}: ${what}`);
  };
  const { num_layers, embed_dims, num_heads } = archOf(o.arch);
  if (o.out_type === undefined && o.output_cls_token === undefined)
    fail(
      "out_type is not given, and MMPretrain's default is the class token. A detector reads maps: set out_type: 'featmap'",
    );
  if (o.out_type === 'cls_token' && !o.with_cls_token) fail("out_type 'cls_token' needs with_cls_token: true");
  for (const index of [o.out_indices].flat())
    if (index < -num_layers || index >= num_layers)
      fail(`out_indices names layer ${index}, but there are layers 0 to ${num_layers - 1}`);
  if (o.frozen_stages > num_layers) fail(`frozen_stages is ${o.frozen_stages}, but there are ${num_layers} layers`);
  if (embed_dims % num_heads !== 0) fail(`num_heads ${num_heads} does not divide embed_dims ${embed_dims}`);
  if (Array.isArray(o.layer_cfgs) && o.layer_cfgs.length !== num_layers)
    fail(`expected ${num_layers} layer_cfgs, one per layer, received ${o.layer_cfgs.length}`);
  return o;
}
