// RepVGG's block (Ding et al., CVPR 2021; MMYOLO's RepVGGBlock): a 3x3 convolution, a 1x1 convolution and the input itself, each
// with a norm, added up. In evaluation the three are one 3x3 convolution; `switchToDeploy` keeps that one alone.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { recordsGradients } from '../../engine/records-gradients';
import { BatchNorm2d } from '../../nn/batch-norm2d';
import { ConvModule } from '../../nn/conv-module';
import { Conv2d } from '../../nn/conv2d';
import { ones } from '../../nn/initializers';
import {
  type ActCfg,
  type Activation,
  actCfg,
  buildActivation,
  buildNorm,
  type NormCfg,
  normCfg,
} from '../../nn/layer-options';
import { Module, type Parameter } from '../../nn/module';
import { type Conv2dOptions, conv2d } from '../../ops/conv2d';
import { type FeatureMaps, joinMaps } from '../../ops/join-maps';

/** Options of the block in a config; channels and stride come from where it is used. */
export const repVGGOptions = z.strictObject({
  type: z.literal('RepVGGBlock').describe('A 3x3 and a 1x1 convolution and the input, added up'),
  norm_cfg: normCfg
    .default({ type: 'BN', momentum: 0.03, eps: 0.001, requires_grad: true })
    .describe('Norm of each branch'),
  act_cfg: actCfg.default({ type: 'ReLU', inplace: true }).describe('Activation of the sum'),
  use_se: z.literal(false).default(false).describe('Must be false, as in MMYOLO'),
  use_alpha: z.boolean().default(false).describe('Train a factor on the 1x1 convolution'),
  use_bn_first: z.boolean().default(true).describe('Add the input where its shape allows it'),
  deploy: z.boolean().default(false).describe('Build the one convolution that the branches are in evaluation'),
});

export interface RepVGGBlockConfig {
  inChannels: number;
  outChannels: number;
  stride?: number;
  normCfg?: NormCfg;
  actCfg?: ActCfg | null;
  useAlpha?: boolean;
  useBnFirst?: boolean;
  deploy?: boolean;
  /** Those of MMYOLO by default. */
  names?: BlockNames;
}

/** What branches, their norms and the merged convolution are called. */
interface BlockNames {
  dense: string;
  pointwise: string;
  merged: string;
  norm?: string;
}

const MMYOLO_NAMES: BlockNames = { dense: 'rbr_dense', pointwise: 'rbr_1x1', merged: 'rbr_reparam' };

interface Branches {
  identity?: BatchNorm2d;
  dense: ConvModule;
  pointwise: ConvModule;
  alpha?: Parameter<tf.Rank.R1>;
}

/** @example new RepVGGBlock({ inChannels: 64, outChannels: 64 }).forward(x) // [N, H, W, 64] */
export class RepVGGBlock extends Module {
  private branches?: Branches;
  private merged?: Conv2d;
  private readonly activation?: Activation;
  private cached?: { of: object[]; filter: tf.Tensor4D; bias: tf.Tensor1D };

  constructor(private readonly config: RepVGGBlockConfig) {
    super();
    const { inChannels, outChannels, stride = 1, actCfg = { type: 'ReLU' }, useAlpha, useBnFirst = true } = config;
    const { normCfg = { type: 'BN', momentum: 0.03, eps: 0.001 } } = config;
    if (actCfg) this.activation = buildActivation(actCfg);
    if (config.deploy) {
      this.merged = this.addChild(this.names.merged, this.mergedConv());
      return;
    }
    const alpha = useAlpha ? this.addParameter('alpha', [1], ones) : undefined;
    const hasIdentity = useBnFirst && inChannels === outChannels && stride === 1;
    const identity = hasIdentity ? (buildNorm(normCfg, inChannels).norm as BatchNorm2d) : undefined;
    if (identity) this.addChild('rbr_identity', identity);
    const { dense, pointwise, norm: normName } = this.names;
    const branch = { inChannels, outChannels, stride, bias: false, normCfg, actCfg: null, normName };
    this.branches = {
      alpha,
      identity,
      dense: this.addChild(dense, new ConvModule({ ...branch, kernelSize: 3, padding: 1 })),
      pointwise: this.addChild(pointwise, new ConvModule({ ...branch, kernelSize: 1 })),
    };
  }

  private get names(): BlockNames {
    return this.config.names ?? MMYOLO_NAMES;
  }

  /** [N, H, W, inChannels] -> [N, H/stride, W/stride, outChannels]; several maps are read as one. */
  forward(maps: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      const { branches, activation } = this;
      if (!branches) return this.activated(this.merged!.forward(maps, { activation: activation?.fused }));
      const { dense, pointwise, identity, alpha } = branches;
      const merges = [dense.norm, pointwise.norm, identity ?? dense.norm].every(
        (norm) => norm instanceof BatchNorm2d && !norm.training,
      );
      if (merges) {
        const { filter, bias } = this.merge(branches);
        const { stride = 1 } = this.config;
        const options = {
          strides: [stride, stride],
          padding: [1, 1],
          bias,
          activation: activation?.fused,
        } as Conv2dOptions;
        return this.activated(conv2d(maps, filter, options));
      }
      this.forget();
      const x = joinMaps(maps);
      const small = pointwise.forward(x);
      let sum = tf.add<tf.Tensor4D>(dense.forward(x), alpha ? tf.mul(small, alpha.variable) : small);
      if (identity) sum = tf.add(sum, identity.forward(x));
      return activation ? activation.apply(sum) : sum;
    });
  }

  /** Keeps the one convolution that the branches are in evaluation, with the names of MMYOLO's deployed models. */
  switchToDeploy(): void {
    const { branches } = this;
    if (!branches) return;
    const merged = this.mergedConv();
    tf.tidy(() => {
      const { filter, bias } = this.merge(branches);
      merged.weight.variable.assign(filter);
      merged.bias!.variable.assign(bias);
    });
    this.forget();
    for (const name of ['rbr_identity', this.names.dense, this.names.pointwise, 'alpha']) this.remove(name);
    this.branches = undefined;
    this.merged = this.addChild(this.names.merged, merged);
  }

  /** Tensors kept from one evaluation to the next. */
  get kept(): tf.Tensor[] {
    return this.cached ? [this.cached.filter, this.cached.bias] : [];
  }

  override dispose(): void {
    this.forget();
    super.dispose();
  }

  private mergedConv(): Conv2d {
    const { inChannels, outChannels, stride = 1 } = this.config;
    return new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1, stride });
  }

  /** An activation that is not part of the convolution's call. */
  private activated(y: tf.Tensor4D): tf.Tensor4D {
    const { activation } = this;
    return activation && !activation.fused ? activation.apply(y) : y;
  }

  /** The filter and the bias of evaluation; kept until a tensor is assigned, unless gradients are recorded. */
  private merge(branches: Branches): { filter: tf.Tensor4D; bias: tf.Tensor1D } {
    if (recordsGradients()) {
      this.forget();
      return this.computeMerged(branches);
    }
    const { dense, pointwise, identity, alpha } = branches;
    const norms = [dense.norm, pointwise.norm, ...(identity ? [identity] : [])] as BatchNorm2d[];
    const weights = [dense.conv.weight, pointwise.conv.weight, ...(alpha ? [alpha] : [])];
    const of = [...norms.map((norm) => norm.affine()), ...weights.map(({ variable }) => variable.dataId)];
    if (this.cached?.of.every((source, i) => source === of[i])) return this.cached;
    this.forget();
    const { filter, bias } = tf.tidy(() => this.computeMerged(branches));
    this.cached = { of, filter: tf.keep(filter), bias: tf.keep(bias) };
    return this.cached;
  }

  private computeMerged({ dense, pointwise, identity, alpha }: Branches): { filter: tf.Tensor4D; bias: tf.Tensor1D } {
    const parts = [dense, pointwise].map(({ conv, norm }) => {
      const { scale, shift } = (norm as BatchNorm2d).affine();
      return { filter: tf.mul<tf.Tensor4D>(conv.weight.variable, scale), bias: shift as tf.Tensor };
    });
    const [large, small] = parts;
    const factor = (x: tf.Tensor) => (alpha ? tf.mul(x, alpha.variable) : x);
    // a 1x1 filter is the center of a 3x3 one, and the input a 1x1 filter of ones on the diagonal
    let center = factor(small.filter);
    let bias = tf.add(large.bias, factor(small.bias));
    if (identity) {
      const { scale, shift } = identity.affine();
      center = tf.add(center, tf.mul(tf.eye(scale.shape[0]), scale).reshape(small.filter.shape));
      bias = tf.add(bias, shift);
    }
    const border: [number, number] = [1, 1];
    const padded = tf.pad4d(center as tf.Tensor4D, [border, border, [0, 0], [0, 0]]);
    return { filter: tf.add(large.filter, padded), bias: bias as tf.Tensor1D };
  }

  private forget(): void {
    if (this.cached) tf.dispose([this.cached.filter, this.cached.bias]);
    this.cached = undefined;
  }
}
