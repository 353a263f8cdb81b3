// The options that the residual backbones share (ResNet, ResNeXt, ResNetV1d, Res2Net, RegNet), and their checks.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { DetLabError } from '../../errors';
import { type InitCfg, initCfg } from '../../nn/init-cfg';
import { convCfg, deformGroups, im2colStep, normCfg, oneNameOfGroups } from '../../nn/layer-options';
import { pluginOption } from '../layers/block-plugins';

export const perStage = (meaning: string, standard: number[]) =>
  z.array(z.int().positive()).min(1).max(4).default(standard).describe(meaning);

const fallback = {
  fallback_on_stride: z
    .boolean()
    .default(false)
    .describe('The first block built stays an ordinary convolution (as in MMDetection, which drops the key there)'),
  ...deformGroups,
};

/** Which deformable convolution the 3x3 of a bottleneck becomes. */
export const dcnOption = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('DCN').describe('Deformable convolution'), ...fallback, im2col_step: im2colStep })
    .refine(...oneNameOfGroups),
  z
    .strictObject({ type: z.literal('DCNv2').describe('Modulated deformable convolution'), ...fallback })
    .refine(...oneNameOfGroups),
]);

/** Former name of `init_cfg: { type: 'Pretrained' }`. */
export const pretrainedOption = z
  .string()
  .nullable()
  .default(null)
  .describe("Former way to say init_cfg: { type: 'Pretrained', checkpoint }");

export const frozenStages = (most: number) =>
  z.int().min(-1).max(most).default(-1).describe('Freezes the stem (0) and the first n stages; -1: nothing');

/** Gradient checkpointing. */
export const withCp = ignoredOption('activations are kept for the backward pass', {
  schema: z.boolean().default(false),
});

export const residualOptions = {
  in_channels: z.int().positive().default(3).describe('Channels of the input image'),
  stem_channels: z.int().positive().nullable().default(null).describe('Channels of the stem; null: base_channels'),
  base_channels: z.int().positive().default(64).describe('Channels of the first stage, doubled in each further stage'),
  num_stages: z.int().min(1).max(4).default(4).describe('Number of stages'),
  strides: perStage('Stride of the first block of each stage', [1, 2, 2, 2]),
  dilations: perStage('Dilation of the 3x3 convolutions of each stage', [1, 1, 1, 1]),
  out_indices: z.array(z.int().min(0).max(3)).min(1).default([0, 1, 2, 3]).describe('Indices of the stages returned'),
  style: z
    .enum(['pytorch', 'caffe'])
    .default('pytorch')
    .describe('Bottleneck stride on the 3x3 (pytorch) or the first 1x1'),
  deep_stem: z.boolean().default(false).describe('Stem of three 3x3 convolutions instead of one 7x7'),
  avg_down: z.boolean().default(false).describe('Average pooling in the shortcut instead of a stride'),
  frozen_stages: frozenStages(4),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation type'),
  norm_eval: z
    .boolean()
    .default(true)
    .describe('Keep batch norms in evaluation mode (running statistics) while training'),
  dcn: dcnOption.nullable().default(null).describe('Deformable convolution used in the stages of stage_with_dcn'),
  stage_with_dcn: z
    .array(z.boolean())
    .default([false, false, false, false])
    .describe('Stages with deformable convolution'),
  plugins: z.array(pluginOption).nullable().default(null).describe('Attention modules in the bottlenecks'),
  with_cp: withCp,
  zero_init_residual: z.boolean().default(true).describe('Initialise the last norm of each residual branch to zero'),
  pretrained: pretrainedOption,
  init_cfg: initCfg
    .nullable()
    .default(null)
    .describe('Weight initialisation; null: Kaiming for convolutions, constant for norms'),
};
const schema = z.strictObject(residualOptions);
export type ResidualOptions = z.output<typeof schema>;

interface Initialized {
  pretrained: string | null;
  init_cfg: InitCfg | InitCfg[] | null;
}

/**
 * The init_cfg that `pretrained` abbreviates.
 * @throws DetLabError when both are given.
 */
export function readPretrained<T extends Initialized>(type: string, o: T): T {
  if (o.pretrained === null) return o;
  if (o.init_cfg !== null)
    throw new DetLabError(
      `Cannot build backbone "${type}": init_cfg and pretrained cannot be given at the same time. Leave out pretrained`,
    );
  return { ...o, pretrained: null, init_cfg: { type: 'Pretrained', checkpoint: o.pretrained } };
}

/**
 * Cuts the defaults to the number of stages and refuses what does not fit them.
 * @param bottleneck whether the blocks can hold plugins and deformable convolution
 */
export function checkStages<T extends ResidualOptions>(
  type: string,
  options: T,
  { path = '', stages = options.num_stages, bottleneck = true, standard = [1, 2, 2, 2] } = {},
): T {
  const o = readPretrained(type, options);
  const fail = (what: string) => {
    throw new DetLabError(`Cannot build backbone "${type}"${path ? ` at ${path}` : ''}: ${what}`);
  };
  // more strides than stages would be silently unused; the defaults are cut to size
  const isDefault = (given: number[], usual: number[]) => given.join() === usual.join();
  const strides = isDefault(o.strides, standard) ? o.strides.slice(0, stages) : o.strides;
  const dilations = isDefault(o.dilations, [1, 1, 1, 1]) ? o.dilations.slice(0, stages) : o.dilations;
  if (strides.length !== stages || dilations.length !== stages)
    fail(`expected ${stages} strides and dilations (num_stages), received ${strides.length} and ${dilations.length}`);
  const beyond = o.out_indices.find((i) => i >= stages);
  if (beyond !== undefined) fail(`out_indices names stage ${beyond}, but num_stages is ${stages} (0 to ${stages - 1})`);
  if (o.frozen_stages > stages) fail(`frozen_stages is ${o.frozen_stages}, but num_stages is ${stages}`);
  if (o.dcn) {
    if (!bottleneck) fail('dcn needs bottlenecks: expected a depth of 50 or more');
    if (o.conv_cfg) fail('dcn and conv_cfg cannot be given at the same time');
    if (o.stage_with_dcn.length !== stages)
      fail(`expected ${stages} entries in stage_with_dcn (num_stages), received ${o.stage_with_dcn.length}`);
  }
  for (const [i, { stages: where }] of (o.plugins ?? []).entries())
    if (where && where.length !== stages)
      fail(`expected ${stages} entries in plugins[${i}].stages (num_stages), received ${where.length}`);
  if (o.plugins?.length && !bottleneck) fail('plugins need bottlenecks: expected a depth of 50 or more');
  return { ...o, strides, dilations };
}
