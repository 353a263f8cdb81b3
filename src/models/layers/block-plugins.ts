// Plugins: attention modules after one of the convolutions of a residual block (MMDetection's `plugins`), or at the end of a stage
// (MMYOLO's). CBAM is MMYOLO's; SAM is here alone.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { actCfg, normCfg } from '../../nn/layer-options';
import type { Module } from '../../nn/module';
import { NON_LOCAL_MODES, NonLocal2d } from '../../nn/non-local2d';
import { CBAM } from './cbam';
import { ContextBlock } from './context-block';
import { GeneralizedAttention } from './generalized-attention';
import { SAM } from './sam';

const postfix = z
  .union([z.string(), z.int()])
  .default('')
  .describe('Suffix of its name in the block, for a type used twice');

export const cbamOptions = {
  reduce_ratio: z
    .int()
    .positive()
    .default(16)
    .describe('Channels over those between the layers of the channel attention'),
  kernel_size: z.int().positive().default(7).describe('Kernel size of the spatial attention'),
  act_cfg: actCfg.default({ type: 'ReLU' }).describe('Activation between the layers of the channel attention'),
};
export const samOptions = {
  mode: z
    .enum(['spatial', 'pointwise'])
    .default('spatial')
    .describe('One factor a pixel (CBAM), or one a pixel and channel (YOLOv4)'),
  kernel_size: z.int().positive().optional().describe('Kernel size; 7 of spatial and 1 of pointwise when left out'),
  norm_cfg: normCfg.nullable().default(null).describe('pointwise: norm before the sigmoid'),
};

export const pluginCfg = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ContextBlock').describe('Global context (GCNet)'),
    ratio: z.number().positive().describe('Channels of the bottleneck over those of the map'),
    pooling_type: z.enum(['att', 'avg']).default('att').describe('Context pooling: by attention or by average'),
    fusion_types: z
      .array(z.enum(['channel_add', 'channel_mul']))
      .min(1)
      .default(['channel_add'])
      .describe('Fusion of the context: channel-wise addition, multiplication or both'),
    postfix,
  }),
  z.strictObject({
    type: z.literal('NonLocal2d').describe('Non-local block'),
    reduction: z.int().positive().default(2).describe('Expansion: output over hidden channels'),
    use_scale: z.boolean().default(true).describe('Scale by 1 / sqrt(inner channels)'),
    mode: z.enum(NON_LOCAL_MODES).default('embedded_gaussian').describe('Pairwise function of two positions'),
    sub_sample: z.boolean().default(false).describe('Subsample keys and values by max pooling'),
    norm_cfg: normCfg.nullable().default(null).describe('Norm after the last convolution'),
    conv_cfg: z
      .strictObject({ type: z.literal('Conv2d') })
      .nullish()
      .describe('Convolution type'),
    postfix,
  }),
  z.strictObject({
    type: z.literal('GeneralizedAttention').describe('Empirical attention'),
    spatial_range: z.int().default(-1).describe('Attention radius in pixels; -1: the whole map'),
    num_heads: z.int().positive().default(9).describe('Number of attention heads'),
    position_embedding_dim: z.int().default(-1).describe('Channels of the position embedding; -1: those of the map'),
    position_magnitude: z.number().default(1).describe('Factor of the distances'),
    kv_stride: z.int().positive().default(2).describe('Step between keys'),
    q_stride: z.int().positive().default(1).describe('Step between queries'),
    attention_type: z
      .string()
      .regex(/^[01]{4}$/, 'expected four digits 0 or 1')
      .default('1111')
      .describe('Attention terms used: query-key, query-position, key only, position only'),
    postfix,
  }),
  z.strictObject({
    type: z.literal('CBAM').describe('Channel and spatial attention (CBAM)'),
    ...cbamOptions,
    postfix,
  }),
  z.strictObject({
    type: z.literal('SAM').describe("Spatial attention (CBAM's part of it, or YOLOv4's)"),
    ...samOptions,
    postfix,
  }),
]);

const POSITIONS = ['after_conv1', 'after_conv2', 'after_conv3'] as const;
export type PluginPosition = (typeof POSITIONS)[number];

export const pluginOption = z.strictObject({
  cfg: pluginCfg.describe('The plugin'),
  stages: z.array(z.boolean()).optional().describe('Stages that have it; all when omitted'),
  position: z.enum(POSITIONS).describe('The convolution of a bottleneck that it follows'),
});
export type PluginOption = z.output<typeof pluginOption>;

/** `plugins` of MMYOLO's backbones. */
export const stagePluginsOption = z
  .array(pluginOption.omit({ position: true }))
  .nullish()
  .describe('Attention modules at the end of stages');
export type StagePlugin = NonNullable<z.output<typeof stagePluginsOption>>[number];

export type Plugin = Module & { forward(x: tf.Tensor4D): tf.Tensor4D };

/** A plugin for maps of `channels` and its name in a block. */
export function buildPlugin(cfg: PluginOption['cfg'], channels: number): [string, Plugin] {
  switch (cfg.type) {
    case 'ContextBlock': {
      const { ratio, pooling_type: poolingType, fusion_types: fusionTypes } = cfg;
      const block = new ContextBlock({ inChannels: channels, ratio, poolingType, fusionTypes });
      return [`context_block${cfg.postfix}`, block];
    }
    case 'NonLocal2d': {
      const { reduction, mode, use_scale: useScale, sub_sample: subSample, norm_cfg: norm } = cfg;
      const block = new NonLocal2d({ inChannels: channels, reduction, mode, useScale, subSample, normCfg: norm });
      return [`nonlocal_block${cfg.postfix}`, block];
    }
    case 'GeneralizedAttention':
      return [
        `gen_attention_block${cfg.postfix}`,
        new GeneralizedAttention({
          inChannels: channels,
          spatialRange: cfg.spatial_range,
          numHeads: cfg.num_heads,
          positionEmbeddingDim: cfg.position_embedding_dim,
          positionMagnitude: cfg.position_magnitude,
          kvStride: cfg.kv_stride,
          qStride: cfg.q_stride,
          attentionType: cfg.attention_type,
        }),
      ];
    case 'CBAM': {
      const { reduce_ratio: reduceRatio, kernel_size: kernelSize, act_cfg } = cfg;
      return [`cbam${cfg.postfix}`, new CBAM({ inChannels: channels, reduceRatio, kernelSize, actCfg: act_cfg })];
    }
    case 'SAM': {
      const { mode, kernel_size: kernelSize, norm_cfg } = cfg;
      return [`sam${cfg.postfix}`, new SAM({ inChannels: channels, mode, kernelSize, normCfg: norm_cfg })];
    }
  }
}

/**
 * The plugins of one block, by name, in the order of their positions.
 * @throws DetLabError when two have the same name.
 */
export function buildPlugins(
  plugins: readonly PluginOption[],
  channels: Record<PluginPosition, number>,
): { position: PluginPosition; name: string; module: Plugin }[] {
  const built = POSITIONS.flatMap((position) =>
    plugins
      .filter((plugin) => plugin.position === position)
      .map((plugin) => {
        const [name, module] = buildPlugin(plugin.cfg, channels[position]);
        return { position, name, module };
      }),
  );
  const names = built.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice)
    throw new DetLabError(`Cannot put two plugins "${twice}" into one block: give one of them a postfix in its cfg`);
  return built;
}
