// The layer configs that MMDetection's modules share (`norm_cfg`, `act_cfg`, `conv_cfg`): option schemas, and the layers they
// build.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { DetLabError, didYouMean } from '../errors';
import { activate, type FusedActivation } from '../ops/activate';
import { BatchNorm2d } from './batch-norm2d';
import { BatchStatisticsNorm } from './batch-statistics-norm';
import type { Norm } from './conv-norm';
import { GroupNorm } from './group-norm';
import { InstanceNorm2d } from './instance-norm2d';

const batchNorm = {
  requires_grad: z.boolean().default(true).describe('Whether weight and bias are trained'),
  eps: z.number().nonnegative().default(1e-5).describe('Epsilon added to the variance'),
  momentum: z.number().min(0).max(1).default(0.1).describe('Weight of the current batch in the running statistics'),
};

/** The schema of `norm_cfg`. */
export const normCfg = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('BN').describe('Batch normalisation'), ...batchNorm }),
  z.strictObject({ type: z.literal('BN2d').describe('Alias of BN'), ...batchNorm }),
  z.strictObject({
    type: z.literal('SyncBN').describe('Batch normalisation across processes; BN in a single process'),
    ...batchNorm,
  }),
  z.strictObject({
    type: z.literal('MMSyncBN').describe("mmcv's SyncBN, which norm_eval does not set to evaluation"),
    ...batchNorm,
  }),
  z.strictObject({
    type: z.literal('GN').describe('Group normalisation'),
    num_groups: z.int().positive().describe('Number of channel groups'),
    requires_grad: batchNorm.requires_grad,
    eps: batchNorm.eps,
  }),
  z.strictObject({
    type: z.enum(['IN', 'IN2d']).describe('Instance normalisation'),
    ...batchNorm,
    momentum: ignoredOption('there are no running statistics', { schema: batchNorm.momentum }),
    affine: z.boolean().default(false).describe('With weight and bias'),
    track_running_stats: z.literal(false).default(false).describe('Only false: always by the statistics of the map'),
  }),
]);
/** Config of a norm, `norm_cfg` of MMDetection. */
export type NormCfg = z.input<typeof normCfg>;

/** A batch norm without weights and running statistics; with one of the two alone there is none. */
const statelessNorm = z.strictObject({
  type: z.enum(['BN', 'BN2d']).describe('Batch normalisation'),
  ...batchNorm,
  affine: z.literal(false).describe('Without weight and bias'),
  track_running_stats: z.literal(false).describe('Without running statistics: always by those of the batch'),
});
/** The schema of `norm_cfg` where a norm may have no weights: of connectors. */
export const anyNormCfg = z.union([statelessNorm, normCfg]);
/** A `norm_cfg`, with weights or without: `{ type: 'BN', affine: false, track_running_stats: false }` has none. */
export type AnyNormCfg = z.input<typeof anyNormCfg>;

export const deformGroups = {
  deform_groups: z.int().positive().optional().describe('Groups of channels with separate offsets (1)'),
  deformable_groups: z.int().positive().optional().describe('Former name of deform_groups'),
};
export const im2colStep = ignoredOption('chosen by available memory', {
  schema: z.int().positive().optional(),
  harmless: anyValue,
});

interface DeformGroups {
  deform_groups?: number;
  deformable_groups?: number;
}
/** As in mmcv, one of both names: arguments of `refine`. */
export const oneNameOfGroups = [
  (o: DeformGroups): boolean => o.deform_groups === undefined || o.deformable_groups === undefined,
  { error: 'expected one of deform_groups and deformable_groups, its former name: leave out deformable_groups' },
] as const;

/** The schema of `conv_cfg`. */
export const convCfg = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Conv2d').describe('Convolution') }),
  z.strictObject({ type: z.literal('Conv').describe('Alias of Conv2d') }),
  z
    .strictObject({
      type: z.literal('DCN').describe('Deformable convolution'),
      ...deformGroups,
      im2col_step: im2colStep,
    })
    .refine(...oneNameOfGroups),
  z
    .strictObject({ type: z.literal('DCNv2').describe('Modulated deformable convolution'), ...deformGroups })
    .refine(...oneNameOfGroups),
  z.strictObject({
    type: z.literal('ConvWS').describe('Convolution with weight standardisation'),
    eps: z.number().nonnegative().optional().describe('Epsilon added to the standard deviation (1e-5)'),
  }),
  z.strictObject({ type: z.literal('ConvAWS').describe('Convolution with adaptive weight standardisation') }),
  z.strictObject({
    type: z.literal('SAC').describe('Switchable atrous convolution'),
    use_deform: z.boolean().optional().describe('Whether both of its convolutions are deformable (false)'),
  }),
  z.strictObject({
    type: z.literal('Conv2dAdaptivePadding').describe('Convolution with TensorFlow\'s padding "same"'),
  }),
]);
/** Config of a convolution, `conv_cfg` of MMDetection. */
export type ConvCfg = z.input<typeof convCfg>;

interface ActivationOptions {
  negative_slope?: number;
  bias?: number;
  divisor?: number;
  min_value?: number;
  max_value?: number;
  alpha?: number;
  min?: number;
  max?: number;
}

const clamp = (x: tf.Tensor, { min = -1, max = 1 }: ActivationOptions) => tf.clipByValue(x, min, max);

const ACTIVATIONS = {
  ReLU: (x: tf.Tensor) => tf.relu(x),
  ReLU6: (x: tf.Tensor) => tf.relu6(x),
  LeakyReLU: (x: tf.Tensor, { negative_slope: slope = 0.01 }: ActivationOptions) => tf.leakyRelu(x, slope),
  Sigmoid: (x: tf.Tensor) => tf.sigmoid(x),
  Tanh: (x: tf.Tensor) => tf.tanh(x),
  SiLU: (x: tf.Tensor) => activate(x, 'silu'),
  Swish: (x: tf.Tensor) => activate(x, 'silu'),
  HSwish: (x: tf.Tensor) => activate(x, 'hardswish'),
  GELU: (x: tf.Tensor) => activate(x, 'gelu'),
  Mish: (x: tf.Tensor) => activate(x, 'mish'),
  HSigmoid: (x: tf.Tensor, { bias = 3, divisor = 6, min_value: low = 0, max_value: high = 1 }: ActivationOptions) =>
    tf.clipByValue(tf.div(tf.add(x, bias), divisor), low, high),
  ELU: (x: tf.Tensor, { alpha = 1 }: ActivationOptions) =>
    alpha === 1 ? tf.elu(x) : tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha)),
  Clamp: clamp,
  Clip: clamp,
} satisfies Record<string, (x: tf.Tensor, options: ActivationOptions) => tf.Tensor>;
type ActivationName = keyof typeof ACTIVATIONS;
const NAMES = Object.keys(ACTIVATIONS) as [ActivationName, ...ActivationName[]];

/** The schema of `act_cfg`. */
export const actCfg = z.strictObject({
  type: z.enum([...NAMES, 'PReLU']).describe('Activation function'),
  inplace: ignoredOption('tensors are immutable', { schema: z.boolean().optional(), harmless: anyValue }),
  negative_slope: z.number().optional().describe('LeakyReLU: negative slope (0.01)'),
  bias: z.number().optional().describe('HSigmoid: (x + bias) / divisor, bias (3)'),
  divisor: z.number().optional().describe('HSigmoid: (x + bias) / divisor, divisor (6)'),
  min_value: z.number().optional().describe('HSigmoid: lower bound (0)'),
  max_value: z.number().optional().describe('HSigmoid: upper bound (1)'),
  alpha: z.number().optional().describe('ELU: its bound is -alpha (1)'),
  min: z.number().optional().describe('Clamp, Clip: lower bound (-1)'),
  max: z.number().optional().describe('Clamp, Clip: upper bound (1)'),
  num_parameters: z
    .int()
    .positive()
    .optional()
    .describe('PReLU: slopes, one for all channels (1) or as many as there are channels'),
  init: z.number().optional().describe('PReLU: initial slope (0.25)'),
});
/** Config of an activation, `act_cfg` of MMDetection. */
export type ActCfg = z.input<typeof actCfg>;

type NormName = 'bn' | 'gn' | 'in';
/** The norm layer of a `norm_cfg`, and its name in a ConvModule or block: `bn`, `gn` or `in`. */
export function buildNorm(
  config: NormCfg,
  channels: number,
): { name: NormName; norm: Exclude<Norm, BatchStatisticsNorm> };
export function buildNorm(config: AnyNormCfg, channels: number): { name: NormName; norm: Norm };
export function buildNorm(config: AnyNormCfg, channels: number): { name: NormName; norm: Norm } {
  const parsed = anyNormCfg.parse(config);
  const { requires_grad: requiresGrad, eps: epsilon } = parsed;
  if (parsed.type === 'IN' || parsed.type === 'IN2d')
    return { name: 'in', norm: new InstanceNorm2d({ channels, epsilon, affine: parsed.affine, requiresGrad }) };
  if (parsed.type === 'GN')
    return { name: 'gn', norm: new GroupNorm({ channels, groups: parsed.num_groups, epsilon, requiresGrad }) };
  const { type, momentum } = parsed;
  if ('affine' in parsed) return { name: 'bn', norm: new BatchStatisticsNorm(channels, epsilon) };
  const keepsTraining = type === 'MMSyncBN';
  const synced = type === 'SyncBN' || keepsTraining;
  return { name: 'bn', norm: new BatchNorm2d({ channels, epsilon, momentum, requiresGrad, keepsTraining, synced }) };
}

/** An activation, as a function and by the name that engines fuse. */
export interface Activation {
  type: ActivationName | 'PReLU';
  /** Its name as a fused activation, if kernels support it. */
  fused?: FusedActivation;
  apply<T extends tf.Tensor>(x: T): T;
}

const FUSED: Partial<Record<ActivationName, FusedActivation>> = { ReLU: 'relu', SiLU: 'silu', Swish: 'silu' };

/** Builds the activation of an `act_cfg`. */
export function buildActivation(config: ActCfg): Activation {
  const { type } = config;
  if (type === 'PReLU')
    throw new DetLabError(
      'Cannot build activation "PReLU" here: it has weights, and this layer has none for it. Use LeakyReLU',
    );
  if (!(type in ACTIVATIONS))
    throw new DetLabError(
      `Cannot build activation "${type}": unknown type.${didYouMean(type, NAMES)} Known: ${NAMES.join(', ')}`,
    );
  const f: (x: tf.Tensor, options: ActivationOptions) => tf.Tensor = ACTIVATIONS[type];
  return { type, fused: FUSED[type], apply: (x) => tf.tidy(() => f(x, config)) as typeof x };
}
