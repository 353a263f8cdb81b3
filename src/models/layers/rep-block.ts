// The blocks that YOLOv6's stages are made of, `block_cfg`: RepVGG's, or plain convolutions in the larger models.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { actCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import type { FeatureMaps } from '../../ops/join-maps';
import { RepVGGBlock, repVGGOptions } from './rep-vgg-block';

const convOptions = z.strictObject({
  type: z.literal('ConvWrapper').describe('One 3x3 convolution'),
  bias: z.boolean().default(true).describe('Whether the convolution has a bias'),
  norm_cfg: normCfg.nullable().default(null).describe('Norm'),
  act_cfg: actCfg.default({ type: 'SiLU' }).describe('Activation'),
});

const blockOptions = z.discriminatedUnion('type', [repVGGOptions, convOptions]);
export type RepBlockCfg = z.output<typeof blockOptions>;

/** The option of a module whose blocks are of `type` by default. */
export const repBlockOption = (type: RepBlockCfg['type']) =>
  blockOptions.default(blockOptions.parse({ type })).describe('The block of the stages');

/** A layer that reads one map or several as one. */
export type RepBlock = Module & { forward(x: FeatureMaps): tf.Tensor4D };

/** A convolution under the name `block`: MMYOLO's ConvWrapper. */
class ConvWrapper extends Module {
  private readonly block: ConvModule;

  constructor(config: ConvModuleConfig) {
    super();
    this.block = this.addChild('block', new ConvModule(config));
  }

  forward(x: FeatureMaps): tf.Tensor4D {
    return this.block.forward(x);
  }
}

/** @example buildRepBlock({ type: 'RepVGGBlock' }, { inChannels: 32, outChannels: 64, stride: 2 }) */
export function buildRepBlock(
  cfg: RepBlockCfg,
  channels: { inChannels: number; outChannels: number; stride?: number },
): RepBlock {
  const { norm_cfg, act_cfg: actCfg } = cfg;
  if (cfg.type === 'ConvWrapper')
    return new ConvWrapper({ ...channels, kernelSize: 3, padding: 1, bias: cfg.bias, normCfg: norm_cfg, actCfg });
  const { use_alpha: useAlpha, use_bn_first: useBnFirst, deploy } = cfg;
  return new RepVGGBlock({ ...channels, normCfg: cfg.norm_cfg, actCfg, useAlpha, useBnFirst, deploy });
}
